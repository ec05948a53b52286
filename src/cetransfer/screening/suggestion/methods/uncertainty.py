"""Where the networks disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.screening.suggestion.method import Method, Pick, register

if TYPE_CHECKING:
    from cetransfer.screening.suggestion.method import Pool


@register("uncertainty")
class Uncertainty(Method):
    """The compounds that the ensemble is least agreed on, each for itself.

    Query by committee (Seung, Opper & Sompolinsky, COLT 1992, doi 10.1145/130385.130417) with the
    spread of real-valued predictions (Krogh & Vedelsby, NIPS 7:231, 1995).
    """

    words: ClassVar[str] = "those that the networks are least agreed on"

    def choose(self, pool: Pool, count: int, random: np.random.Generator) -> list[Pick]:
        """Take the largest spreads; of equal ones, the first."""
        del random
        spread, members = pool.spread, pool.predicted.shape[0]
        chosen = np.argsort(-spread, kind="stable")[:count]
        return [
            Pick(
                int(row),
                f"the {members} members of the ensemble differ by {spread[row]:.3f} {pool.unit}",
            )
            for row in chosen
        ]
