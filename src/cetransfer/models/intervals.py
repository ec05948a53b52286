"""From the spread of an ensemble to intervals that hold as often as they say (scaled CV+)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

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
class Calibration:
    """What makes intervals of the ensembles' predictions, fixed once and the same for every row.

    Parameters
    ----------
    fold
        (L,) which ensemble has left out each of the labelled rows.
    scores
        (L,) their absolute errors, over their scale.
    constant, level
        The scale is spread + constant * level, and 1 where the constant is infinite.
    factor
        On the reach about the common centre; None for plain CV+, whose centres are the ensembles.
    """

    fold: NDArray[np.int64]
    scores: NDArray[np.float64]
    constant: float
    level: float
    factor: float | None

    def scale(self, spread: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scale (K, m) of predictions with a spread (K, m)."""
        if math.isinf(self.constant):
            return np.ones_like(spread)
        return spread + self.constant * self.level

    def intervals(self, mean: NDArray[np.float64], spread: NDArray[np.float64]) -> Intervals:
        """Return the intervals of m rows.

        Parameters
        ----------
        mean, spread
            (K, m) mean and standard deviation of every ensemble's members.
        """
        scale = self.scale(spread)
        centre = mean.mean(axis=0)

        def limits(part: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            if self.factor is None:
                return _limits(self.fold, mean[:, part], self.scores[:, None])
            reaches = self.factor * self.scores[:, None] * scale[:, part][self.fold]
            return _limits(self.fold, centre[None, part].repeat(len(scale), 0), reaches)

        # some at a time for the sake of memory
        starts = range(0, max(mean.shape[1], 1), AT_A_TIME)
        parts = [limits(slice(start, start + AT_A_TIME)) for start in starts]
        lower, upper = (np.concatenate(side) for side in zip(*parts, strict=True))
        return Intervals(lower, upper, self)


@dataclass(frozen=True)
class Intervals:
    """Limits (m,) for new rows, eV/atom, and what they were made with."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    calibration: Calibration

    @property
    def constant(self) -> float:
        """Of the scale, in mean spreads; infinite where the spread is not used."""
        return self.calibration.constant

    @property
    def width(self) -> float:
        """Mean width."""
        return float((self.upper - self.lower).mean())


def estimated(
    predicted: NDArray[np.float64],
    folds: Mapping[int, Sequence[int]],
    calibration: Calibration | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean over the folds' ensembles (n,) and the limits of its interval.

    Parameters
    ----------
    predicted, folds
        As `means_and_spreads`.
    calibration
        None where there are no intervals; their limits are NaN then.
    """
    mean, spread = means_and_spreads(predicted, folds)
    value = mean.mean(axis=0)
    if calibration is None:
        none = np.full(len(value), math.nan)
        return value, none, none
    found = calibration.intervals(mean, spread)
    return value, found.lower, found.upper


def means_and_spreads(
    predicted: NDArray[np.float64], folds: Mapping[int, Sequence[int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation (K, n) of the members of each of K folds.

    Parameters
    ----------
    predicted
        (M, n) predictions of every member for every row, eV/atom.
    folds
        The members of each fold.
    """
    groups = [predicted[list(own)] for own in folds.values()]
    return (
        np.array([group.mean(axis=0) for group in groups]),
        np.array([_deviation(group) for group in groups]),
    )


def fold_ensembles(
    predicted: NDArray[np.float64],
    folds: Mapping[int, Sequence[int]],
    left_out: Sequence[NDArray[np.int64]],
) -> FoldEnsembles | None:
    """Gather the ensembles of the folds of one repeat.

    Parameters
    ----------
    predicted
        (M, n) predictions of every member for every row, eV/atom.
    folds
        The members of each of K folds.
    left_out
        K times the rows that the fold has left out.

    Returns
    -------
    The ensembles; None where the folds do not leave each labelled row out exactly once, or there
    are too few rows for an interval at the nominal level.
    """
    rows = np.concatenate(left_out) if left_out else np.empty(0, np.int64)
    if len(np.unique(rows)) < len(rows) or (1.0 - NOMINAL) * (len(rows) + 1) < 1.0:
        return None
    number = np.repeat(np.arange(len(left_out)), [len(test) for test in left_out])
    return FoldEnsembles(*means_and_spreads(predicted, folds), rows, number)


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
    level = float(ensembles.spread[at].mean())

    def made(constant: float, factor: float | None) -> Calibration:
        own = Calibration(ensembles.fold, errors, constant, level, factor)
        return replace(own, scores=errors / own.scale(ensembles.spread[at]))

    def own_width(constant: float) -> float:
        own = made(constant, None)
        scale = own.scale(ensembles.spread[at])
        return float(np.quantile(own.scores, NOMINAL) * scale.mean())

    new_mean, new_spread = ensembles.mean[:, new], ensembles.spread[:, new]
    plain = made(math.inf, None).intervals(new_mean, new_spread)
    constant = min(CONSTANTS if level > 0.0 else (math.inf,), key=own_width)
    without_factor = made(constant, None)
    centre = new_mean.mean(axis=0)
    apart = ((new_mean - centre) / without_factor.scale(new_spread))[:, alike]
    square = float((without_factor.scores**2).mean())
    if not apart.size or (apart**2).mean() >= LARGEST * square:
        return plain, plain
    factor = math.sqrt(1.0 - float((apart**2).mean()) / square)
    scaled = replace(without_factor, factor=factor).intervals(new_mean, new_spread)
    return (scaled if scaled.width < plain.width else plain), plain


def _limits(
    fold: NDArray[np.int64], centres: NDArray[np.float64], reaches: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return CV+'s limits for m new rows from centres (K, m) and reaches (L, m) or (L, 1)."""
    count = len(fold)
    # an odd last digit of 0.9 (L + 1) must not move the rank
    below = math.floor(round((1.0 - NOMINAL) * (count + 1), 9)) - 1
    above = math.ceil(round(NOMINAL * (count + 1), 9)) - 1
    # copies: a row would keep the whole table of L rows in memory
    lower = np.partition(centres[fold] - reaches, below, axis=0)[below].copy()
    upper = np.partition(centres[fold] + reaches, above, axis=0)[above].copy()
    return lower, upper
