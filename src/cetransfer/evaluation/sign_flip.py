"""A paired test that asks of differences only that, by chance, they go up as often as down."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from cetransfer.evaluation.statistics import PairedTest

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: all signs of up to 13 groups are tried, of more groups so many sets of signs by chance
RESAMPLES = 9999
BATCH = 1000
TAIL = 0.025


def sign_flip(
    contributions: NDArray[np.float64],
    weights: NDArray[np.float64],
    generator: np.random.Generator,
) -> PairedTest:
    """Test a mean difference by changing the signs of whole groups.

    Fisher's permutation test for pairs (The Design of Experiments, 1935, section 21), exact where
    all signs can be tried.

    Parameters
    ----------
    contributions
        (G,) what each group adds to the mean difference.
    weights
        (G,) share of each group in that mean, greater than 0.
    generator
        For the signs, where there are too many.
    """
    result = stats.permutation_test(
        (contributions,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=BATCH,
        rng=generator,
    )
    low, high = _typical(contributions, weights, generator)
    return PairedTest(float(contributions.sum()), low, high, float(result.pvalue))


def _typical(
    contributions: NDArray[np.float64],
    weights: NDArray[np.float64],
    generator: np.random.Generator,
) -> tuple[float, float]:
    """Return the 95 % interval: the shifts that the test of the same signs would not reject.

    Signs turned on a set of groups bring the sum beyond what it is exactly where the shift lies
    beyond the mean of that set, so the interval ends at quantiles of the means of sets. Hartigan,
    J. Am. Stat. Assoc. 64:1303 (1969), doi 10.1080/01621459.1969.10501057.
    """
    means = np.sort(
        np.concatenate(
            [
                (chosen @ contributions) / (chosen @ weights)
                for chosen in _sets(len(weights), generator)
            ]
        )
    )
    # the sets and the empty one; with very few groups no interval holds 95 %
    outside = max(math.ceil(TAIL * (len(means) + 1)) - 1, 1)
    return float(means[outside - 1]), float(means[-outside])


def _sets(count: int, generator: np.random.Generator) -> list[NDArray[np.float64]]:
    """Return sets of groups as rows of 0 and 1, none of them empty."""
    if 2**count <= RESAMPLES:
        numbers = np.arange(1, 2**count)
        return [(numbers[:, None] >> np.arange(count) & 1).astype(np.float64)]
    sets = []
    for size in np.full(-(-RESAMPLES // BATCH), BATCH):
        chosen = generator.integers(0, 2, (size, count)).astype(np.float64)
        sets.append(chosen[chosen.any(axis=1)])
    return sets
