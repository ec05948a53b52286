"""From what the configuration says about a data set to the data set."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from cetransfer.datasets import catalogue
from cetransfer.datasets.tabular import load_tabular
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import DatasetSettings, NamedData

TABULAR = "tabular"


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
    if chosen.name == TABULAR:
        return load_tabular(chosen, key)
    unused = [
        field.name
        for field in fields(chosen)
        if field.name != "name" and getattr(chosen, field.name) is not None
    ]
    if unused:
        raise UserError(
            f"{key}.{unused[0]} has no meaning for {chosen.name}; "
            f"choose {TABULAR} for your own file"
        )
    return catalogue.load(chosen.name, root=root, exclude_suspects=settings.exclude_suspects)
