"""How far candidates lie from what is labelled or chosen already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import pairwise_distances_argmin_min

if TYPE_CHECKING:
    from cetransfer.screening.suggestion.method import Pool


class Nearest:
    """For each of n candidates the nearest centre: a labelled compound, or one that was chosen.

    Attributes
    ----------
    square
        (n,) squared distance from the nearest centre.
    centre
        (n,) its number: the labelled ones first, then those chosen, in their order.
    free
        (n,) whether a candidate can still be chosen.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.chosen: list[int] = []
        self.free = np.ones(len(pool.names), np.bool_)
        self.centre, distance = pairwise_distances_argmin_min(pool.places, pool.known_places)
        self.square = np.square(distance)

    @property
    def centres(self) -> int:
        """Number of centres."""
        return len(self.pool.known_names) + len(self.chosen)

    def name_of(self, row: int) -> str:
        """Return the formula of the centre nearest to a candidate."""
        centre = int(self.centre[row])
        known = self.pool.known_names
        if centre < len(known):
            return str(known[centre])
        return str(self.pool.names[self.chosen[centre - len(known)]])

    def add(self, row: int) -> None:
        """Make a candidate a centre."""
        square = np.square(self.pool.places - self.pool.places[row]).sum(axis=1)
        nearer = square < self.square
        self.centre[nearer] = self.centres
        self.square = np.minimum(square, self.square)
        self.chosen.append(row)
        self.free[row] = False
