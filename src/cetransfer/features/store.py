"""Feature matrices on disk, each under a key of its data set's rows and its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cetransfer.features.grid import featurize_grid
from cetransfer.features.schema import feature_schema
from cetransfer.files import read_table, write_aside
from cetransfer.provenance import digest
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import FeatureSettings


SOURCES = "sources"
TARGET = "target"
"""Folders within that of the features: what rests on the sources alone has its own."""


def row_columns(dataset: Dataset) -> list[str]:
    """Return the columns that say what a row is: its formula and the element of each role."""
    return ["formula", *prototype_named(dataset.prototype).roles]


def feature_file(dataset: Dataset, settings: FeatureSettings, folder: Path) -> Path:
    """Return where the features of a data set belong."""
    rows = dataset.frame[row_columns(dataset)].to_numpy().tolist()
    prototype = prototype_named(dataset.prototype).identity
    key = digest([prototype, rows, feature_schema(settings).digest])[:16]
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
        values = featurize_grid(prototype_named(dataset.prototype), dataset.frame, settings)
        frame = pd.DataFrame(values, columns=columns)
        rows = dataset.frame[row_columns(dataset)].reset_index(drop=True)
        frame = pd.concat([rows, frame], axis=1)
        with write_aside(path) as aside:
            frame.to_parquet(aside, index=False)
    return read_table(path, columns).to_numpy(np.float32)
