"""How probable it is that a candidate meets all criteria, given what the model is not sure of.

The true formation energy is taken as normal about the prediction, with the standard deviation that
its calibrated 90 % interval implies, (upper - lower) / (2 * 1.645). All criteria on the energy (its
own limit, a hull distance) are met together where it lies within all their windows. What radii and
charges say is certain, 0 or 1, but for tau, which brings the probability of its paper; that is
multiplied, as if independent of the energy's error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from cetransfer.models.intervals import NOMINAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.evidence import Evidence

WIDTHS = 2.0 * float(norm.ppf(0.5 + NOMINAL / 2.0))
"""Standard deviations in the width of an interval of a normal distribution."""


def implied_deviation(
    lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the standard deviation (eV/atom) of a normal distribution with that 90 % interval."""
    return (upper - lower) / WIDTHS


def probabilities(
    criteria: Sequence[Criterion],
    evidence: Evidence,
    values: Mapping[str, NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return the probability (n,) of meeting all criteria.

    Parameters
    ----------
    criteria
        Of the funnel.
    evidence
        Of the candidates; without intervals every criterion is met or not, 0 or 1.
    values
        Of each criterion, by its name.
    """
    chance = np.ones(np.broadcast_shapes(*(each.shape for each in values.values())))
    low, high = np.array(-np.inf), np.array(np.inf)
    energy, lower, upper = evidence.energy, evidence.lower, evidence.upper
    sure = energy is None or lower is None or upper is None
    windows = False
    for criterion in criteria:
        window = criterion.energy_window(evidence)
        if window is None or sure:
            chance = chance * criterion.chance(values[criterion.name])
        else:
            # a window of NaN, where nothing is known of the hull, stays NaN
            low, high = np.maximum(low, window[0]), np.minimum(high, window[1])
            windows = True
    if not windows or energy is None or lower is None or upper is None:
        return chance
    deviation = implied_deviation(lower, upper)
    inside = ((energy > low) & (energy < high)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = norm.cdf((high - energy) / deviation) - norm.cdf((low - energy) / deviation)
    within = np.where(deviation > 0, np.clip(within, 0.0, 1.0), inside)
    return np.asarray(chance * np.where(np.isnan(low) | np.isnan(high), 0.0, within))
