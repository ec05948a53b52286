"""Is the difference more than chance? Paired statistics over (repeat, fold) scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000


@dataclass(frozen=True)
class PairedTest:
    """A mean difference, how far its 95 % interval reaches, and its two-sided p."""

    mean: float
    low: float
    high: float
    p: float

    def interval_around(self, delta: float) -> tuple[float, float]:
        """Return the interval moved to the difference over all compounds.

        Where folds are of unequal size, their mean differs a little from it.
        """
        return delta + (self.low - self.mean), delta + (self.high - self.mean)


def corrected_t(differences: NDArray[np.float64], test_to_train: float) -> PairedTest:
    """Test the mean of paired fold differences against zero (corrected resampled t).

    SE^2 = (1/J + n_test/n_train) s^2 with J - 1 degrees of freedom: the training sets overlap, so
    the folds are not independent. Nadeau & Bengio, Mach. Learn. 52:239 (2003),
    doi 10.1023/A:1024068626366, section 3.

    Parameters
    ----------
    differences
        (J,) score differences, one per (repeat, fold).
    test_to_train
        n_test / n_train of one fold; 0 for independent differences, which makes it the paired t of
        Student, Biometrika 6:1 (1908), doi 10.1093/biomet/6.1.1.
    """
    count = len(differences)
    error = math.sqrt((1.0 / count + test_to_train) * differences.var(ddof=1))
    mean = float(differences.mean())
    if error == 0.0:
        return PairedTest(mean, mean, mean, 1.0 if mean == 0.0 else 0.0)
    half_width = float(stats.t.ppf(0.975, count - 1) * error)
    p = float(2.0 * stats.t.sf(abs(mean) / error, count - 1))
    return PairedTest(mean, mean - half_width, mean + half_width, p)


def holm(p_values: list[float]) -> list[float]:
    """Return p values corrected for asking several questions at once.

    Holm, Scand. J. Stat. 6:65 (1979): the k-th smallest of n is multiplied by n - k + 1, and no
    corrected value may be smaller than one before it.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def interval_of_mean(
    per_compound: NDArray[np.float64], generator: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % interval of a mean, by resampling compounds (each with all its repeats).

    It holds for other compounds of the same kind; luck with seeds and folds is not in it.
    """
    if len(per_compound) < 2:  # noqa: PLR2004 - one compound cannot be resampled
        return float(per_compound[0]), float(per_compound[0])
    result = stats.bootstrap(
        (per_compound,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=generator,
        batch=200,
    )
    interval = result.confidence_interval
    return float(interval.low), float(interval.high)


def verdict(delta: float, p_corrected: float, alpha: float) -> str:
    """Return `gain`, `negative_transfer` or `not_distinguishable`; a negative delta is better."""
    if p_corrected >= alpha:
        return "not_distinguishable"
    return "gain" if delta < 0 else "negative_transfer"
