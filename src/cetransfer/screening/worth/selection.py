"""How good a choice is: precision, recall, enrichment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from cetransfer.screening.worth.resampling import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = (float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Selection:
    """What a rule chooses of n compounds with a known answer.

    Parameters
    ----------
    chosen, hits
        How many, and how many of them are yes.
    precision
        Share of the chosen that is yes, with its 95 % interval; NaN where nothing is chosen.
    recall
        Share of the yes that is chosen, with its 95 % interval.
    enrichment
        Precision over the share of yes among all, with its 95 % interval.
    """

    chosen: int
    hits: int
    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    enrichment: tuple[float, float, float]


def selection(
    chosen: NDArray[np.bool_], truth: NDArray[np.bool_], weights: NDArray[np.float64]
) -> Selection:
    """Return what a choice is worth.

    Shares have the interval of Wilson, J. Am. Stat. Assoc. 22:209 (1927), doi
    10.1080/01621459.1927.10502953, which speaks of other compounds of the same elements; enrichment
    that of reweighted elements, see `cetransfer.screening.worth.resampling`.

    Parameters
    ----------
    chosen, truth
        (n,) of compounds with a known answer.
    weights
        (R, n) of `element_weights`.
    """
    picked, yes = int(chosen.sum()), int(truth.sum())
    hits = int((chosen & truth).sum())
    return Selection(
        picked,
        hits,
        share(hits, picked),
        share(hits, yes),
        _enrichment(chosen, truth, weights) if picked and yes else NOTHING,
    )


def share(hits: int, count: int) -> tuple[float, float, float]:
    """Return a share with its 95 % interval of Wilson; NaN of nothing."""
    if not count:
        return NOTHING
    between = binomtest(hits, count).proportion_ci(confidence_level=0.95, method="wilson")
    return hits / count, float(between.low), float(between.high)


def _enrichment(
    chosen: NDArray[np.bool_], truth: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    value = (chosen & truth).sum() / chosen.sum() / truth.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = weights @ (chosen & truth) / (weights @ chosen)
        again = precision / (weights @ truth / weights.sum(axis=1))
    low, high = np.nanquantile(again, LEVEL)
    return float(value), float(low), float(high)
