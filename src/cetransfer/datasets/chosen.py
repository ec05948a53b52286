"""From what the configuration says about a data set to the data set."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

from cetransfer.datasets import catalogue
from cetransfer.datasets.materials_project.frozen import copies
from cetransfer.datasets.materials_project.load import ENTRY as MATERIALS_PROJECT
from cetransfer.datasets.materials_project.load import load_materials_project
from cetransfer.datasets.origin import Entry
from cetransfer.datasets.tabular import load_tabular
from cetransfer.datasets.treatment import treated
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.datasets.origin import Copy
    from cetransfer.settings import DatasetSettings, NamedData


class ConfiguredLoader(Protocol):
    """Reads a data set that the configuration describes."""

    def __call__(self, chosen: NamedData, key: str, root: Path) -> Dataset:
        """Return the data set; `key` is where `chosen` stands, ``"dataset.target"``."""


@dataclass(frozen=True)
class Configured:
    """A data set that takes more than its name.

    Parameters
    ----------
    load
        Its loader.
    keys
        The keys it reads, beside its name.
    entry
        What the catalogue knows of it.
    kept
        Returns what a project keeps of it; None if it is all the user's own.
    """

    load: ConfiguredLoader
    keys: tuple[str, ...]
    entry: Entry
    kept: Callable[[Path], tuple[Copy, ...]] | None = None


CONFIGURED = {
    "materials_project": Configured(
        load_materials_project, ("prototype", "query", "on_bad_rows"), MATERIALS_PROJECT, copies
    ),
    "tabular": Configured(
        load_tabular,
        ("path", "prototype", "unit", "quantity", "structures", "columns", "on_bad_rows"),
        Entry(
            about="your own table: formulas or elements, an energy in a stated unit, a prototype",
            prototype="",
            licence="yours",
            doi="",
            origins=(),
        ),
    ),
}

for _name, _kind in CONFIGURED.items():
    catalogue.enter(_name, _kind.entry)


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
