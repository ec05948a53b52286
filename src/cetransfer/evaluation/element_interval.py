"""The interval of a mean error for other elements: whole elements are reweighted, not compounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.evaluation.statistics import RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def interval_over_elements(
    per_compound: NDArray[np.float64],
    elements: Sequence[tuple[str, ...]],
    generator: np.random.Generator,
) -> tuple[float, float]:
    """Return the 95 % interval of a mean by giving each element a random weight.

    Compounds that share an element err together, so resampling them one by one promises too much
    for other elements. Here every element draws a weight of mean 1 and variance 1 (exponential), a
    compound's weight is the product over its sites, and the weighted mean is taken, 2000 times.
    This is the product reweighted bootstrap of Owen & Eckles, Ann. Appl. Stat. 6:895 (2012),
    doi 10.1214/12-AOAS547, which errs on the wide side; they draw apart for each factor, here an
    element has one weight wherever it stands, because an element that is hard on A is often hard on
    B. With the same element on both sites it counts once.

    Luck with seeds and folds is not in it, and it speaks of elements like these: all of the element
    X that every compound has (oxygen) is left out.

    Parameters
    ----------
    per_compound
        (n,) error of each compound, the mean over its repeats.
    elements
        n times the elements on the sites that differ; empty strings are no element.
    generator
        Where the weights come from.
    """
    present = [sorted(set(own) - {""}) for own in elements]
    names = sorted({name for own in present for name in own})
    place = {name: column for column, name in enumerate(names)}
    log_weights = np.log(generator.exponential(size=(RESAMPLES, len(names))))
    has = np.zeros((len(names), len(per_compound)))
    for column, own in enumerate(present):
        has[[place[name] for name in own], column] = 1.0
    weights = np.exp(log_weights @ has)
    means = weights @ per_compound / weights.sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
