"""Far from all that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.screening.suggestion.distances import Nearest
from cetransfer.screening.suggestion.method import Method, Pick, register

if TYPE_CHECKING:
    from cetransfer.screening.suggestion.method import Pool


@register("diversity")
class Diversity(Method):
    """One after the other, the compound farthest from all that are labelled or chosen.

    Greedy k-centres (Sener & Savarese, Active learning for
    convolutional neural networks: a core-set approach, arXiv:1708.00489, algorithm 1).
    """

    words: ClassVar[str] = "those farthest from all labelled ones and from each other"

    def choose(self, pool: Pool, count: int, random: np.random.Generator) -> list[Pick]:
        """Take the farthest, count it among the known ones, and go on."""
        del random
        near = Nearest(pool)
        picks = []
        for _ in range(count):
            row = int(np.argmax(np.where(near.free, near.square, -1.0)))
            picks.append(Pick(row, f"far from all known; nearest {near.name_of(row)}"))
            near.add(row)
        return picks
