"""Features of every pair of cations in the prototype of a data set, made or not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cetransfer.features.grid import featurize_grid
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import FeatureSettings

SITES = ("A", "B", "X")


@dataclass(frozen=True)
class Pairs:
    """All pairs of e elements on A and B.

    Parameters
    ----------
    elements
        e symbols, sorted.
    features
        (e * e, d): the first element on A with each one on B, then the second one on A, and so on.
    """

    elements: tuple[str, ...]
    features: NDArray[np.float32]


def pairs_of(data: Dataset, elements: Sequence[str], settings: FeatureSettings) -> Pairs | None:
    """Return the pairs of `elements` in a data set's prototype, with its anion.

    None where that means nothing: its rows are structures, have other sites than A, B and X, or
    several anions.
    """
    if data.structures is not None or data.prototype is None or data.roles != SITES:
        return None
    anions = data.frame["X"].unique().tolist()
    if len(anions) > 1:
        return None
    known = tuple(sorted(set(elements)))
    grid = pd.DataFrame(product(known, known), columns=["A", "B"]).assign(X=anions[0])
    features = featurize_grid(prototype_named(data.prototype), grid, settings)
    return Pairs(known, features.astype(np.float32))
