"""A paired test that asks of differences only that, by chance, they go up as often as down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.evaluation.statistics import PairedTest, corrected_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: all signs of up to 13 differences are tried, of more so many sets of signs by chance
SETS = 9999
LEVEL = 0.05
#: with fewer differences no p is below 0.05: 2 / 2^5 is 0.0625
ENOUGH = 6
#: halvings of a bracket, to the last digit
HALVINGS = 50
#: a set of signs that does as much as the data must not be lost to rounding
SLACK = 1e-9


def sign_flip(
    differences: NDArray[np.float64], test_to_train: float, generator: np.random.Generator
) -> PairedTest:
    """Test a mean difference by changing signs.

    Fisher's permutation test for pairs (The Design of Experiments, 1935, section 21), with t for
    its statistic. Signs that are changed one by one make independent differences; those of folds
    are not, so the t of the data is taken with the standard error of the corrected resampled t
    (`statistics.corrected_t`), SE^2 = (1/J + test_to_train) s^2, before it is looked up among the t
    of the changed signs, s / sqrt(J) being theirs. For differences like normal ones this is the
    corrected t, but a p cannot be smaller than 2 / 2^J.

    The 95 % interval are the shifts that this test would not reject. For fewer than `ENOUGH`
    differences it rejects none, and the interval is that of the corrected t.

    Parameters
    ----------
    differences
        (J,) score differences, one per (repeat, fold).
    test_to_train
        n_test / n_train of one fold, or what stands for it.
    generator
        For the signs, where there are too many.
    """
    mean = float(differences.mean())
    flips = _Flips.of(differences, test_to_train, _signs(len(differences), generator))
    if flips.spread == 0.0:
        return PairedTest(mean, mean, mean, 1.0 if mean == 0.0 else flips.p(mean))
    if len(differences) < ENOUGH:
        wide = corrected_t(differences, test_to_train)
        return PairedTest(mean, wide.low, wide.high, flips.p(mean))
    return PairedTest(
        mean, mean - flips.reach(mean, 1), mean + flips.reach(mean, -1), flips.p(mean)
    )


@dataclass(frozen=True)
class _Flips:
    """Differences about their mean under all sets of signs.

    Parameters
    ----------
    totals
        (S,) sums of the signs.
    sums
        (S,) sums of the centred differences under the signs.
    spread
        Sum of their squares.
    square
        The squared standard error of the mean.
    count
        J.
    """

    totals: NDArray[np.float64]
    sums: NDArray[np.float64]
    spread: float
    square: float
    count: int

    @classmethod
    def of(
        cls, differences: NDArray[np.float64], test_to_train: float, signs: NDArray[np.float64]
    ) -> _Flips:
        count = len(differences)
        centred = differences - differences.mean()
        spread = float(centred @ centred)
        square = (1.0 / count + test_to_train) * spread / (count - 1)
        return cls(signs.sum(axis=1), signs @ centred, spread, square, count)

    def p(self, offset: float) -> float:
        """Return the p where the mean lies so far above what is asked about.

        t^2 / (J - 1 + t^2) is compared in place of t, for it needs no division by zero: of signs it
        is (their sum)^2 / (J sum of squares), which they leave as it is.
        """
        flipped = (self.sums + offset * self.totals) ** 2 / self.count
        flipped /= self.spread + self.count * offset**2
        own = offset**2 / ((self.count - 1) * self.square + offset**2)
        return float((flipped >= own * (1.0 - SLACK)).mean())

    def reach(self, mean: float, side: int) -> float:
        """Return how far below (1) or above (-1) the mean p falls below `LEVEL`."""
        inside, outside = 0.0, math.inf
        # zero bounds the search, so that no last digit can put it inside where its p does not
        if mean * side > 0.0:
            if self.p(mean) < LEVEL:
                outside = abs(mean)
            else:
                inside = abs(mean)
        if math.isinf(outside):
            outside = max(inside, math.sqrt(self.square))
            while self.p(side * outside) >= LEVEL:
                inside, outside = outside, 2.0 * outside
        for _ in range(HALVINGS):
            middle = 0.5 * (inside + outside)
            if self.p(side * middle) < LEVEL:
                outside = middle
            else:
                inside = middle
        return inside


def _signs(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return sets of signs (S, count): all, or some by chance and those of the data."""
    if 2**count <= SETS:
        signs = 1.0 - 2.0 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
        return signs.astype(np.float64)
    some = generator.choice(np.array([-1.0, 1.0]), (SETS, count))
    return np.concatenate([np.ones((1, count)), some])
