"""From the spread of an ensemble to intervals that hold as often as they say (scaled CV+)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.splits import Member

NOMINAL = 0.9
#: candidates for the constant beside the spread, in mean spreads; infinite: the spread is not used
CONSTANTS = (0.25, 0.5, 1.0, 2.0, 4.0, math.inf)
#: rows whose intervals are worked out at a time, for the sake of memory
AT_A_TIME = 500


@dataclass(frozen=True)
class FoldEnsembles:
    """The fold ensembles of one repeat and the labelled rows each has left out.

    Parameters
    ----------
    mean, spread
        (K, n) mean and standard deviation of the members' predictions for all n rows, eV/atom.
    rows, fold
        (L,) labelled rows, each once, and which of the K ensembles has left it out.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    rows: NDArray[np.int64]
    fold: NDArray[np.int64]


@dataclass(frozen=True)
class Intervals:
    """Limits (m,) for new rows, eV/atom; `constant` is that of the scale, in mean spreads."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    constant: float

    @property
    def width(self) -> float:
        """Mean width."""
        return float((self.upper - self.lower).mean())


def fold_ensembles(
    predicted: NDArray[np.float64], members: Sequence[Member]
) -> FoldEnsembles | None:
    """Gather the fold ensembles of the first repeat.

    Parameters
    ----------
    predicted
        (M, n) predictions of every member for every row, eV/atom.
    members
        M members.

    Returns
    -------
    The ensembles; None where the folds do not leave each labelled row out exactly once, or there
    are too few rows for an interval at the nominal level.
    """
    folds: dict[int, list[int]] = {}
    for index, member in enumerate(members):
        if member.split.repeat == 0 and member.split.fold is not None:
            folds.setdefault(member.split.fold, []).append(index)
    left_out = [members[own[0]].split.test for own in folds.values()]
    rows = np.concatenate(left_out) if left_out else np.empty(0, np.int64)
    if len(np.unique(rows)) < len(rows) or (1.0 - NOMINAL) * (len(rows) + 1) < 1.0:
        return None
    groups = [predicted[own] for own in folds.values()]
    return FoldEnsembles(
        np.array([group.mean(axis=0) for group in groups]),
        np.array([_deviation(group) for group in groups]),
        rows,
        np.repeat(np.arange(len(groups)), [len(test) for test in left_out]),
    )


def _deviation(group: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(group) == 1:
        return np.zeros(group.shape[1])
    deviation: NDArray[np.float64] = group.std(axis=0, ddof=1)
    return deviation


def scaled_intervals(
    ensembles: FoldEnsembles, labels: NDArray[np.float64], new: NDArray[np.int64]
) -> tuple[Intervals, Intervals]:
    """Return 90 % intervals for new rows, scaled by the spread and unscaled.

    CV+ (Barber, Candes, Ramdas & Tibshirani, Ann. Stat. 49:486 (2021), doi 10.1214/20-AOS1965,
    equation 8): with R_i the absolute error of the ensemble k(i) that has left labelled row i out,
    the interval for x runs from the floor(0.1 (L + 1))-th smallest of mean_k(i)(x) - R_i s_k(i)(x)
    to the ceil(0.9 (L + 1))-th smallest of mean_k(i)(x) + R_i s_k(i)(x); s = 1 is the plain one,
    with a scale R_i is the error over s_k(i)(x_i) (normalised scores: Papadopoulos, Gammerman &
    Vovk, Proc. IASTED AIA 2008; Lei et al., JASA 113:1094 (2018), section 5.2,
    doi 10.1080/01621459.2017.1307116).

    The scale is spread + constant, for the spread of few members is itself uncertain. The constant
    is the one of `CONSTANTS` that makes the labelled rows' own intervals narrowest on average. Where
    the new rows' would be wider than the plain ones, the plain ones are returned for both.

    What is promised for rows drawn like the labelled ones (exchangeable) is 80 %, in practice it
    is close to 90 %; for others nothing is.

    Parameters
    ----------
    ensembles
        Of one repeat.
    labels
        (n,) labels, eV/atom; only those of `ensembles.rows` are looked at.
    new
        (m,) rows that no ensemble was trained on.
    """
    at = (ensembles.fold, ensembles.rows)
    errors = np.abs(labels[ensembles.rows] - ensembles.mean[at])
    level = float(ensembles.spread[at].mean())
    usable = CONSTANTS if level > 0.0 else (math.inf,)

    def scale(constant: float) -> NDArray[np.float64]:
        if math.isinf(constant):
            return np.ones_like(ensembles.spread)
        return ensembles.spread + constant * level

    def own_width(constant: float) -> float:
        scales = scale(constant)[at]
        return float(np.quantile(errors / scales, NOMINAL) * scales.mean())

    def intervals(constant: float) -> Intervals:
        scales = scale(constant)
        scores = errors / scales[at]
        limits = [
            _limits(ensembles, scores, scales, part)
            for part in np.split(new, range(AT_A_TIME, len(new), AT_A_TIME))
        ]
        lower, upper = (np.concatenate(side) for side in zip(*limits, strict=True))
        return Intervals(lower, upper, constant)

    plain = intervals(math.inf)
    chosen = min(usable, key=own_width)
    scaled = plain if math.isinf(chosen) else intervals(chosen)
    return (scaled if scaled.width < plain.width else plain), plain


def _limits(
    ensembles: FoldEnsembles,
    scores: NDArray[np.float64],
    scales: NDArray[np.float64],
    new: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper limits of CV+ for some new rows."""
    centre = ensembles.mean[:, new][ensembles.fold]
    reach = scores[:, None] * scales[:, new][ensembles.fold]
    count = len(scores)
    # an odd last digit of 0.9 (L + 1) must not move the rank
    below = math.floor(round((1.0 - NOMINAL) * (count + 1), 9)) - 1
    above = math.ceil(round(NOMINAL * (count + 1), 9)) - 1
    lower = np.partition(centre - reach, below, axis=0)[below]
    upper = np.partition(centre + reach, above, axis=0)[above]
    return lower, upper
