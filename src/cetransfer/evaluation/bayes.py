"""How likely is a gain that matters? The Bayesian correlated t-test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import stats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Odds:
    """Probabilities that add up to 1: better or worse by more than the margin, or neither."""

    better: float
    equivalent: float
    worse: float


def correlated_odds(differences: NDArray[np.float64], test_to_train: float, margin: float) -> Odds:
    """Return how likely the mean difference lies below -margin, within, and above margin.

    The posterior of the mean is Student's t with J - 1 degrees of freedom about the observed mean,
    of squared scale (1/J + rho/(1 - rho)) s^2. Corani & Benavoli, Mach. Learn. 100:285 (2015),
    doi 10.1007/s10994-015-5486-z, equation 9; rho = n_test/n is theirs and Nadeau and Bengio's, so
    rho/(1 - rho) = n_test/n_train. The prior is flat: with margin 0, twice the smaller of better
    and worse is the p of the corrected t.

    Parameters
    ----------
    differences
        (J,) score differences, one per (repeat, fold); negative is better.
    test_to_train
        n_test / n_train of one fold; 0 for independent differences.
    margin
        What still counts as equal, eV/atom.
    """
    count = len(differences)
    mean = float(differences.mean())
    scale = math.sqrt((1.0 / count + test_to_train) * float(differences.var(ddof=1)))
    if scale == 0.0:
        better, worse = float(mean < -margin), float(mean > margin)
    else:
        posterior = stats.t(count - 1, loc=mean, scale=scale)
        better, worse = float(posterior.cdf(-margin)), float(posterior.sf(margin))
    return Odds(better, max(0.0, 1.0 - better - worse), worse)
