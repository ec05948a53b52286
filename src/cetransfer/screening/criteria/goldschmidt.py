"""Goldschmidt's tolerance factor: do the ions of a perovskite touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.screening.criterion import Criterion, known, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence


def tolerance_factor(
    r_a: NDArray[np.float64], r_b: NDArray[np.float64], r_x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return t = (r_A + r_X) / (sqrt(2) (r_B + r_X)), from radii in one unit, of any shapes.

    Goldschmidt, Naturwissenschaften 14:477 (1926), doi 10.1007/BF01507527.
    """
    return np.asarray((r_a + r_x) / (np.sqrt(2.0) * (r_b + r_x)))


@register("goldschmidt")
@dataclass(frozen=True)
class Goldschmidt(Criterion):
    """The tolerance factor t lies within limits."""

    column: ClassVar[str] = "t"
    symbol: ClassVar[str] = "t"
    unit: ClassVar[str] = ""
    source: ClassVar[str] = "Goldschmidt (1926), doi 10.1007/BF01507527"
    needs: ClassVar[tuple[str, ...]] = ("r_a", "r_b", "r_x")
    prototypes: ClassVar[tuple[str, ...] | None] = ("perovskite",)

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return t."""
        radii = (known(each, "radii") for each in (evidence.r_a, evidence.r_b, evidence.r_x))
        return tolerance_factor(*radii)
