"""Bartel's tolerance factor tau, and the probability that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import expit

from cetransfer.screening.criterion import Criterion, known, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence

SIGMOIDS = ((1.11921, 4.38797), (2.70827, 4.19290))
"""Slope and centre of the sigmoids whose mean is the published probability."""

LOWEST_FITTED = 1.20
"""The lowest tau of the 576 compounds that it was fitted to, CeFeO3 (table S1)."""


def bartel_tau(
    r_a: NDArray[np.float64],
    r_b: NDArray[np.float64],
    r_x: NDArray[np.float64],
    n_a: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return tau = r_X/r_B - n_A (n_A - (r_A/r_B) / ln(r_A/r_B)), of any shapes.

    Bartel et al., Sci. Adv. 5:eaav0693 (2019), doi 10.1126/sciadv.aav0693, equation 2; perovskites
    have tau < 4.18. There r_A > r_B by the definition of A; where that does not hold there is no
    value, NaN.

    Parameters
    ----------
    r_a, r_b, r_x
        Radii in one unit; the paper's are Shannon's, A in 12-fold and B in 6-fold coordination.
    n_a
        Oxidation state of A.
    """
    ratio = r_a / r_b
    with np.errstate(divide="ignore", invalid="ignore"):
        found = r_x / r_b - n_a * (n_a - ratio / np.log(ratio))
    return np.asarray(np.where(ratio > 1.0, found, np.nan))


def tau_probability(tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the paper's probability of being a perovskite; 0 where there is no tau.

    The paper scales tau after Platt, by a mean of sigmoids that were fitted to parts of its 576
    compounds, and prints the probability of each in table S1 (column ``tau_prob``, two decimals).
    Here the mean of the two sigmoids `SIGMOIDS` is used, fitted to those 576 pairs by least
    squares: it is off by 0.003 (root mean square; rounding alone makes 0.003), 0.007 at most.
    """
    chances = [expit(-slope * (tau - centre)) for slope, centre in SIGMOIDS]
    return np.asarray(np.nan_to_num(np.mean(chances, axis=0), nan=0.0))


@register("tau")
@dataclass(frozen=True)
class Tau(Criterion):
    """Bartel's tau lies within limits; its probability is that of table S1."""

    column: ClassVar[str] = "tau"
    symbol: ClassVar[str] = "tau"
    unit: ClassVar[str] = ""
    source: ClassVar[str] = "Bartel et al. (2019), doi 10.1126/sciadv.aav0693"
    needs: ClassVar[tuple[str, ...]] = ("r_a", "r_b", "r_x", "n_a")
    prototypes: ClassVar[tuple[str, ...] | None] = ("perovskite",)

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return tau."""
        return bartel_tau(
            known(evidence.r_a, "radii"),
            known(evidence.r_b, "radii"),
            known(evidence.r_x, "radii"),
            known(evidence.n_a, "the oxidation state of A"),
        )

    def chance(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the published probability, whatever the limits."""
        return tau_probability(values)
