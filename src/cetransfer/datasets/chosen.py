"""From what the configuration says about a data set to the data set."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

from cetransfer.datasets import catalogue
from cetransfer.datasets.tabular import load_tabular
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import DatasetSettings, NamedData


class ConfiguredLoader(Protocol):
    """Reads a data set that the configuration describes."""

    def __call__(self, chosen: NamedData, key: str, root: Path) -> Dataset:
        """Return the data set; `key` is where `chosen` stands, ``"dataset.target"``."""


@dataclass(frozen=True)
class Configured:
    """A data set that takes more than its name: its loader and the keys it reads."""

    load: ConfiguredLoader
    keys: tuple[str, ...]


CONFIGURED = {
    "tabular": Configured(
        load_tabular,
        ("path", "prototype", "unit", "quantity", "structures", "columns", "on_bad_rows"),
    ),
}


def load_source(settings: DatasetSettings, name: str, root: Path) -> Dataset:
    """Read a source by its name in `dataset.sources`; errors as `load_target`."""
    return _load(settings.sources[name], f"dataset.sources.{name}", settings, root)


def load_target(settings: DatasetSettings, root: Path) -> Dataset:
    """Read the target.

    Raises
    ------
    UserError
        If the data set is unknown, missing or damaged, or has a key that it does not use.
    """
    return _load(settings.target, "dataset.target", settings, root)


def _load(chosen: NamedData, key: str, settings: DatasetSettings, root: Path) -> Dataset:
    configured = CONFIGURED.get(chosen.name)
    used = ("name", *(configured.keys if configured else ()))
    for field in fields(chosen):
        if field.name not in used and getattr(chosen, field.name) is not None:
            fitting = [name for name, kind in CONFIGURED.items() if field.name in kind.keys]
            raise UserError(
                f"{key}.{field.name} has no meaning for {chosen.name}; "
                f"it belongs to the data set {' or '.join(fitting)}"
            )
    if configured:
        return configured.load(chosen, key, root)
    return catalogue.load(chosen.name, root=root, exclude_suspects=settings.exclude_suspects)
