"""The catalogue of data sets: a loader registers itself under a name, with what is known of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

from cetransfer.errors import UserError, nearest
from cetransfer.registry import import_modules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.datasets.origin import Entry


class Loader(Protocol):
    """Reads a data set."""

    def __call__(self, *, root: Path) -> Dataset:
        """Return the data set; see `load`."""


_loaders: dict[str, Loader] = {}
_entries: dict[str, Entry] = {}


def register(name: str, entry: Entry) -> Callable[[Loader], Loader]:
    """Enter a loader into the catalogue; to be used as a decorator in a module of this package."""

    def add(loader: Loader) -> Loader:
        enter(name, entry)
        _loaders[name] = loader
        return loader

    return add


def enter(name: str, entry: Entry) -> None:
    """Enter a data set that takes more than its name: known here, read by `datasets.chosen`."""
    if name in _entries:
        raise ValueError(f"data set {name} is registered twice")
    _entries[name] = entry


def names() -> tuple[str, ...]:
    """Return the names of all data sets, sorted."""
    import_modules("cetransfer.datasets")
    return tuple(sorted(_entries))


def entry(name: str) -> Entry:
    """Return what is known of a data set without reading it.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    _require(name)
    return _entries[name]


def load(name: str, *, root: Path) -> Dataset:
    """Read a data set of the catalogue, all rows as they were published.

    Parameters
    ----------
    name
        For example ``"li2023_spinel"`` or ``"surrogate_perovskite"``.
    root
        The project's folder, where ``data/`` stands.

    Raises
    ------
    UserError
        If there is none of that name, it takes more than its name, or its files are missing or
        damaged.
    """
    _require(name)
    if use := _entries[name].use:
        raise UserError(f"the data set {name} has no labels to learn from; it is for {use}")
    if name not in _loaders:
        raise UserError(
            f"the data set {name} takes more than its name; give its keys with "
            f"dataset/target={name} or dataset/source=[{name}]"
        )
    data = _loaders[name](root=root)
    return dataclasses.replace(data, rests_on=_entries[name].rests_on)


def _require(name: str) -> None:
    known = names()
    if name not in known:
        hint = nearest(name, known, f"known: {', '.join(known)}")
        raise UserError(f"no data set {name!r}; {hint}")
