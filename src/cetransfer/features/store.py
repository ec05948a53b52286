"""Feature matrices on disk, each under a key of its data set's rows and its schema."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cetransfer.compute.parts import in_parts
from cetransfer.errors import UserError
from cetransfer.features.environment import featurize
from cetransfer.features.grid import featurize_grid
from cetransfer.features.schema import feature_schema
from cetransfer.files import read_table, write_aside
from cetransfer.progress import say
from cetransfer.provenance import digest
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import FeatureSettings

PART = 500
"""Structures of which the features are computed and written down at once."""


SOURCES = "sources"
TARGET = "target"
"""Folders within that of the features: what rests on the sources alone has its own."""


def row_columns(dataset: Dataset) -> list[str]:
    """Return the columns that say what a row is: its formula and the element of each role."""
    return ["formula", *dataset.roles]


def feature_file(dataset: Dataset, settings: FeatureSettings, folder: Path) -> Path:
    """Return where the features of a data set belong."""
    rows = dataset.frame[row_columns(dataset)].to_numpy().tolist()
    structures = dataset.structures
    if structures is None:
        origin = prototype_named(str(dataset.prototype)).identity
    else:
        origin = structures.digest
    key = digest([origin, rows, feature_schema(settings).digest])[:16]
    return folder / f"{dataset.name}-{key}.parquet"


def stored_features(
    dataset: Dataset, settings: FeatureSettings, folder: Path
) -> NDArray[np.float32]:
    """Return the features (n, d) of a data set, read from `folder` or computed and kept there.

    Raises
    ------
    UserError
        If a setting is wrong, an element has no properties, or the folder cannot be written.
    """
    path = feature_file(dataset, settings, folder)
    columns = list(feature_schema(settings).columns)
    if not path.is_file():
        partial = path.with_name(f".{path.stem}.partial")
        values = _computed(dataset, settings, partial)
        frame = pd.DataFrame(values, columns=columns)
        rows = dataset.frame[row_columns(dataset)].reset_index(drop=True)
        frame = pd.concat([rows, frame], axis=1)
        with write_aside(path) as aside:
            frame.to_parquet(aside, index=False)
        shutil.rmtree(partial, ignore_errors=True)
    return read_table(path, columns).to_numpy(np.float32)


def _computed(dataset: Dataset, settings: FeatureSettings, partial: Path) -> NDArray[np.float64]:
    """Compute features; those of structures in parts, which a killed run leaves in `partial`."""
    structures = dataset.structures
    if structures is None:
        if dataset.prototype is None:
            raise UserError(f"data set {dataset.name} has neither a prototype nor structures")
        return featurize_grid(prototype_named(dataset.prototype), dataset.frame, settings)
    numbers = dataset.frame["row"] if "row" in dataset.frame else dataset.frame.index + 1
    names = [
        f"{dataset.name}: row {number} ({formula})"
        for number, formula in zip(numbers, dataset.frame["formula"], strict=True)
    ]
    parts = [slice(first, first + PART) for first in range(0, len(structures), PART)]
    files = [partial / f"{part.start:08d}.npy" for part in parts]
    missing = [i for i, file in enumerate(files) if _read(file) is None]
    if len(missing) < len(parts):
        say(f"going on: {len(parts) - len(missing)} of {len(parts)} parts are there already")
    in_parts(
        featurize,
        ((structures[parts[i]], settings, names[parts[i]]) for i in missing),
        lambda place, values: _write(values, files[missing[place]]),
        len(missing),
        f"features of {len(structures)} structures",
        most_workers=len(missing) // 2,
    )
    return np.concatenate([np.load(file) for file in files])


def _write(values: NDArray[np.float64], path: Path) -> None:
    with write_aside(path) as aside, aside.open("wb") as stream:
        np.save(stream, values)


def _read(path: Path) -> NDArray[np.float64] | None:
    """Read a finished part; None if it is missing or damaged."""
    try:
        values: NDArray[np.float64] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return values
