"""Classes known by a name, each registered by a file of one package."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Registry(Generic[T]):
    """The classes of a kind; a new one is a new file in the package and changes nothing else.

    Parameters
    ----------
    what
        What they are called, for messages: ``"strategy"``.
    package
        Whose modules register them.
    """

    def __init__(self, what: str, package: str) -> None:
        self.what = what
        self.package = package
        self._known: dict[str, type[T]] = {}

    def register(self, kind: str) -> Callable[[type[T]], type[T]]:
        """Make a class known under the `kind` that configurations name; to be a decorator."""

        def add(cls: type[T]) -> type[T]:
            if kind in self._known:
                raise ValueError(f"{self.what} kind {kind} is registered twice")
            self._known[kind] = cls
            return cls

        return add

    def kinds(self) -> dict[str, type[T]]:
        """Return all classes by kind, sorted."""
        import_modules(self.package)
        return dict(sorted(self._known.items()))


def import_modules(package: str) -> None:
    """Import every module of a package, so that what they register is known."""
    path = importlib.import_module(package).__path__
    for module in pkgutil.iter_modules(path, f"{package}."):
        if not module.ispkg:
            importlib.import_module(module.name)
