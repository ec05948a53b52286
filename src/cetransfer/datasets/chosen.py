"""From what the configuration says about a data set to the data set."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

from cetransfer.datasets import catalogue
from cetransfer.datasets.tabular import load_tabular
from cetransfer.datasets.treatment import treated
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
    "tabular": Configured(load_tabular, ("path", "prototype", "unit", "columns", "on_bad_rows")),
}


def load_source(settings: DatasetSettings, name: str, root: Path) -> Dataset:
    """Read a source by its name in `dataset.sources`; errors as `load_target`."""
    key = f"dataset.sources.{name}"
    return _load(settings.sources[name], key, settings, root, target=False)


def load_target(settings: DatasetSettings, root: Path) -> Dataset:
    """Read the target.

    Raises
    ------
    UserError
        If the data set is unknown, missing or damaged, has a key that it does not use, or cannot be
        treated as asked.
    """
    return _load(settings.target, "dataset.target", settings, root, target=True)


def _load(
    chosen: NamedData, key: str, settings: DatasetSettings, root: Path, *, target: bool
) -> Dataset:
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
        data, suspects = configured.load(chosen, key, root), False
    else:
        data = catalogue.load(chosen.name, root=root)
        suspects = catalogue.entry(chosen.name).suspects
    return treated(data, settings, root, suspects=suspects, target=target)
