"""From the spread of an ensemble to intervals that hold as often as they say (scaled CV+)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.splits import Member

NOMINAL = 0.9
#: candidates for the constant beside the spread, in mean spreads; infinite: the spread is not used
CONSTANTS = (1.0, 2.0, 4.0, math.inf)
#: rows whose intervals are worked out at a time
AT_A_TIME = 500
#: fold ensembles further apart than half their error are on ground that labelled rows do not know
LARGEST = 0.5


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
    ensembles: FoldEnsembles,
    labels: NDArray[np.float64],
    new: NDArray[np.int64],
    alike: NDArray[np.bool_],
) -> tuple[Intervals, Intervals]:
    """Return 90 % intervals for new rows: scaled by the spread, and those of plain CV+.

    CV+ (Barber, Candes, Ramdas & Tibshirani, Ann. Stat. 49:486 (2021), doi 10.1214/20-AOS1965,
    section 3): with R_i the absolute error of the ensemble k(i) that has left labelled row i out,
    the interval for x runs from the floor(0.1 (L + 1))-th smallest of mean_k(i)(x) - R_i to the
    ceil(0.9 (L + 1))-th smallest of mean_k(i)(x) + R_i. It counts the disagreement of the fold
    ensembles twice, in R_i and in their centres, and so holds more often than it says (where they
    differ much, 95 % in place of 90 %). The scaled intervals differ in two ways.

    They have one centre, the mean over the fold ensembles. Its mean square error is that of one
    ensemble, E, less the variance V of the ensembles about it (an identity: Krogh & Vedelsby,
    Neural network ensembles, cross validation, and active learning, NIPS 7:231 (1995)), so R_i is
    multiplied by sqrt(1 - V/E); E is taken from the labelled rows, V from new rows like them.

    They have a scale s = spread + constant (normalised scores: Lei et al., JASA 113:1094 (2018),
    section 5.2, doi 10.1080/01621459.2017.1307116): R_i is the error over s_k(i)(x_i), and reaches
    R_i s_k(i)(x). The constant, for the spread of few members is itself uncertain, is the one of
    `CONSTANTS` that makes the labelled rows' own intervals narrowest.

    Plain ones are returned for both where the scaled ones would not be narrower, where no new row
    is like the labelled ones, or where V is more than half of E.

    Plain CV+ holds for 80 % of rows drawn like the labelled ones (exchangeable) at the least and,
    in practice, for 90 % or more; the scaled ones are close to 90 % without such a bound. For
    other rows nothing is promised.

    Parameters
    ----------
    ensembles
        Of one repeat.
    labels
        (n,) labels, eV/atom; only those of `ensembles.rows` are looked at.
    new
        (m,) rows that no ensemble was trained on.
    alike
        (m,) which of them lie where labelled rows are.
    """
    at = (ensembles.fold, ensembles.rows)
    errors = np.abs(labels[ensembles.rows] - ensembles.mean[at])
    plain_lower, plain_upper = _by_parts(
        new, lambda part: _limits(ensembles.fold, ensembles.mean[:, part], errors[:, None])
    )
    plain = Intervals(plain_lower, plain_upper, math.inf)

    level = float(ensembles.spread[at].mean())
    scales = {
        constant: ensembles.spread + constant * level
        for constant in CONSTANTS
        if level > 0.0 and not math.isinf(constant)
    }
    scales[math.inf] = np.ones_like(ensembles.spread)

    def own_width(constant: float) -> float:
        own = scales[constant][at]
        return float(np.quantile(errors / own, NOMINAL) * own.mean())

    constant = min(scales, key=own_width)
    scale = scales[constant]
    centre = ensembles.mean.mean(axis=0)
    errors = errors / scale[at]
    apart = ((ensembles.mean - centre) / scale)[:, new[alike]]
    square = float((errors**2).mean())
    if not apart.size or (apart**2).mean() >= LARGEST * square:
        return plain, plain
    factor = math.sqrt(1.0 - float((apart**2).mean()) / square)

    def reach(part: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        reaches = factor * errors[:, None] * scale[:, part][ensembles.fold]
        return _limits(ensembles.fold, centre[None, part].repeat(len(scale), 0), reaches)

    lower, upper = _by_parts(new, reach)
    scaled = Intervals(lower, upper, constant)
    return (scaled if scaled.width < plain.width else plain), plain


def _by_parts(
    rows: NDArray[np.int64],
    limits: Callable[[NDArray[np.int64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the limits of all rows, worked out some at a time for the sake of memory."""
    parts = [limits(part) for part in np.split(rows, range(AT_A_TIME, len(rows), AT_A_TIME))]
    lower, upper = (np.concatenate(side) for side in zip(*parts, strict=True))
    return lower, upper


def _limits(
    fold: NDArray[np.int64], centres: NDArray[np.float64], reaches: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return CV+'s limits for m new rows from centres (K, m) and reaches (L, m) or (L, 1)."""
    count = len(fold)
    # an odd last digit of 0.9 (L + 1) must not move the rank
    below = math.floor(round((1.0 - NOMINAL) * (count + 1), 9)) - 1
    above = math.ceil(round(NOMINAL * (count + 1), 9)) - 1
    lower = np.partition(centres[fold] - reaches, below, axis=0)[below]
    upper = np.partition(centres[fold] + reaches, above, axis=0)[above]
    return lower, upper
