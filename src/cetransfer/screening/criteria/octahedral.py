"""The octahedral factor: does B fit into an octahedron of anions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.screening.criterion import Criterion, known, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence


def octahedral_factor(r_b: NDArray[np.float64], r_x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mu = r_B / r_X, from radii in one unit, of any shapes.

    Li, Soh & Wu, J. Alloys Compd. 372:40 (2004), doi 10.1016/j.jallcom.2003.10.017.
    """
    return np.asarray(r_b / r_x)


@register("octahedral")
@dataclass(frozen=True)
class Octahedral(Criterion):
    """The octahedral factor mu lies within limits."""

    column: ClassVar[str] = "mu"
    symbol: ClassVar[str] = "mu"
    unit: ClassVar[str] = ""
    source: ClassVar[str] = "Li, Soh & Wu (2004), doi 10.1016/j.jallcom.2003.10.017"
    needs: ClassVar[tuple[str, ...]] = ("r_b", "r_x")
    prototypes: ClassVar[tuple[str, ...] | None] = ("perovskite",)

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return mu."""
        return octahedral_factor(known(evidence.r_b, "radii"), known(evidence.r_x, "radii"))
