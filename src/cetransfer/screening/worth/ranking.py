"""How good a ranking is: what its top holds, average precision, and whether probabilities hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.screening.worth.resampling import LEVEL
from cetransfer.screening.worth.selection import share

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

TOP = 0.05
"""Share of the compounds that is the top of a ranking."""

BINS = 10


@dataclass(frozen=True)
class Ranking:
    """What a score is worth on n compounds with a known answer; all with a 95 % interval.

    Parameters
    ----------
    enrichment_top
        Share of yes among the first `TOP`, over that among all.
    average_precision
        Mean over the yes, in the order of the score, of the share of yes up to there.
    resampled
        (R,) average precision with other weights.
    """

    enrichment_top: tuple[float, float, float]
    average_precision: tuple[float, float, float]
    resampled: NDArray[np.float64]


def ranking(
    score: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.float64]
) -> Ranking:
    """Return what a score is worth.

    Compounds of equal score count as if in random order; those without one come last.

    Parameters
    ----------
    score
        (n,) the higher the earlier.
    truth
        (n,).
    weights
        (R, n) of `cetransfer.screening.worth.resampling`.
    """
    filled = np.where(np.isnan(score), -np.inf, score)
    order = np.argsort(-filled, kind="stable")
    ordered = filled[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    every = np.vstack([np.ones(len(truth)), weights])[:, order]
    yes = np.cumsum(every * truth[order], axis=1)[:, ends]
    seen = np.cumsum(every, axis=1)[:, ends]
    prevalence = yes[:, -1] / seen[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        precise = np.diff(yes, axis=1, prepend=0.0) * (yes / seen)
        average = precise.sum(axis=1) / yes[:, -1]
    top = np.array(
        [
            np.interp(TOP * count[-1], np.append(0.0, count), np.append(0.0, hits))
            for count, hits in zip(seen, yes, strict=True)
        ]
    )
    enriched = top / (TOP * seen[:, -1]) / prevalence
    return Ranking(_with_interval(enriched), _with_interval(average), average[1:])


def _with_interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    low, high = np.nanquantile(values[1:], LEVEL)
    return float(values[0]), float(low), float(high)


@dataclass(frozen=True)
class Reliability:
    """Whether probabilities hold.

    Parameters
    ----------
    brier
        Mean squared difference of probability and answer (0 or 1), Brier, Mon. Weather Rev. 78:1
        (1950).
    bins
        Of each tenth of probability that occurs: how many, their mean probability, and the share of
        yes with its 95 % interval of Wilson.
    """

    brier: float
    bins: list[dict[str, Any]]


def reliability(probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> Reliability:
    """Return whether probabilities (n,) hold; NaN counts as 0."""
    said = np.nan_to_num(probability, nan=0.0)
    place = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    bins = []
    for number in np.unique(place):
        own = place == number
        observed, low, high = share(int(truth[own].sum()), int(own.sum()))
        bins.append(
            {
                "compounds": int(own.sum()),
                "probability": float(said[own].mean()),
                "share": observed,
                "share_low": low,
                "share_high": high,
            }
        )
    return Reliability(float(np.square(said - truth).mean()), bins)
