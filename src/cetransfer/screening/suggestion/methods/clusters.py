"""The farthest of the largest cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.screening.suggestion.distances import Nearest
from cetransfer.screening.suggestion.method import Method, Pick, register

if TYPE_CHECKING:
    from cetransfer.screening.suggestion.method import Pool


@register("clusters")
class Clusters(Method):
    """Far from all that is known, and where there are many compounds rather than where is one.

    Largest cluster, maximum distance (Holzmueller, Zaverkin, Kaestner & Steinwart, A framework and
    benchmark for deep batch active learning for regression, J. Mach. Learn. Res. 24:164 (2023),
    arXiv:2203.09410, section 5.2): every candidate belongs to its nearest labelled or chosen
    compound, the size of a cluster is the sum of the squared distances within it, and the next
    choice is the farthest member of the largest one.
    """

    words: ClassVar[str] = "the farthest in the regions that labelled ones cover least"

    def choose(self, pool: Pool, count: int, random: np.random.Generator) -> list[Pick]:
        """Take the farthest of the largest cluster, make it a centre, and go on."""
        del random
        near = Nearest(pool)
        picks = []
        for _ in range(count):
            sizes = np.bincount(near.centre, weights=near.square, minlength=near.centres)
            # a cluster may be all chosen, or hold nothing but its centre
            usable = near.free & (sizes[near.centre] == sizes[near.centre[near.free]].max())
            row = int(np.argmax(np.where(usable, near.square, -1.0)))
            others = int((near.centre == near.centre[row]).sum()) - 1
            picks.append(
                Pick(row, f"{near.name_of(row)} stands alone for it and {others} other candidates")
            )
            near.add(row)
        return picks
