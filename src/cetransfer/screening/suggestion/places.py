"""Compounds as points of a space in which alike ones lie close together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.features.domain import Compounds

DIMENSIONS = 128


def places_of(compounds: Compounds) -> NDArray[np.float64]:
    """Return compounds in the space of their features (n, d).

    Every feature counts alike, in units of its standard deviation over these compounds; the first
    `DIMENSIONS` principal components are kept, in units in which the mean squared length is 1.
    Not of the networks' last hidden layers: in a first trial on the surrogate pair, four beginnings
    and a small network, choosing in that space saved no more labels.

    Parameters
    ----------
    compounds
        n of them; what is compared must be in one call.
    """
    features = compounds.views[0].astype(np.float64)
    spread = features.std(axis=0)
    return components((features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def components(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first principal components (n, d), scaled to a mean squared length of 1."""
    _, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    found = centred @ axes[:, ::-1][:, :DIMENSIONS]
    length = float(np.sqrt(np.square(found).sum(axis=1).mean()))
    scaled: NDArray[np.float64] = found / (length or 1.0)
    return scaled
