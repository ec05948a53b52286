"""Which compounds a model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets import catalogue
from cetransfer.datasets.dataset import row_numbers
from cetransfer.errors import UserError
from cetransfer.row_spans import holds
from cetransfer.screening.known_list import key_of, keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.structures.prototypes import Prototype


def training_keys(
    about: Mapping[str, Any] | None, prototype: Prototype, root: Path
) -> tuple[set[tuple[str, ...]], list[str]]:
    """Return the compounds of a prototype among a model's training rows, and notes on doubts.

    Parameters
    ----------
    about
        `model.json`; None: there is no model and nothing was trained on.
    prototype
        Rows of another one are other compounds.
    root
        The project's folder.

    Returns
    -------
    Keys as `cetransfer.screening.known_list.keys_of` makes them, and one line for each data set
    that is not here as the model was trained on it.
    """
    found: set[tuple[str, ...]] = set()
    notes: list[str] = []
    for told in about["data"] if about else ():
        name = str(told["name"])
        try:
            data = load_told(told, about or {}, root)
        except UserError as error:
            notes.append(f"training rows of {name} are not known: {error}")
            continue
        if data is None or data.prototype != prototype.name:
            continue
        changed = [
            file for file, value in told["files"].items() if data.hashes.get(file, value) != value
        ]
        if changed:
            notes.append(
                f"{changed[0]} is not the file that the model was trained on; whether a candidate "
                "was in its training data is told by row numbers and may be wrong"
            )
        keys = keys_of(data.frame[trained_rows(told, data)])
        found.update(keys)
        if either_order(name):
            found.update(key_of(key[2:4], key[0:2], key[4]) for key in keys)
    return found, notes


def trained_rows(told: Mapping[str, Any], data: Dataset) -> NDArray[np.bool_]:
    """Tell which rows (n,) of a data set a model was trained on; `told` as for `load_told`."""
    return np.array([holds(told["trained"], int(row)) for row in row_numbers(data.frame)], bool)


def either_order(name: str) -> bool:
    """Tell whether formulas of a data set do not say which of two elements stands on A."""
    return name in catalogue.names() and not catalogue.entry(name).true_sites


def load_told(told: Mapping[str, Any], about: Mapping[str, Any], root: Path) -> Dataset | None:
    """Read a data set that a model was trained on; None for one of structures.

    Parameters
    ----------
    told
        One of `about["data"]`.
    about
        `model.json`.
    root
        The project's folder.

    Raises
    ------
    UserError
        If it is not here.
    """
    from cetransfer.datasets.chosen import CONFIGURED, load_source, load_target

    name = str(told["name"])
    if about.get("from_structures"):
        return None
    if name in catalogue.names() and name not in CONFIGURED:
        return catalogue.load(name, root=root)
    from cetransfer.composition import stored_settings

    settings = stored_settings(about["config"]).dataset
    if told["role"] == "target":
        return load_target(settings, root)
    return load_source(settings, name, root)
