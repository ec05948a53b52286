"""Labels saved against random choice: how many chance needs to get as far as a method."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.evaluation.statistics import RESAMPLES, corrected_t, holm
from cetransfer.screening.suggestion.methods.chance import RANDOM

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Saved:
    """What a method is worth after some rounds, against chance.

    Parameters
    ----------
    method, labels
        The method, and how many labels it has used.
    mae, mae_random
        Mean errors over the beginnings with so many labels, in the labels' unit.
    delta, delta_low, delta_high, p
        Mean difference of both, its 95 % interval and two-sided p: Student's paired t over the
        beginnings, which share the rows the error is measured on and the source nets.
    p_corrected
        Holm's, for the number of methods.
    random_labels, random_low, random_high
        Labels that chance needs for the error that the method has, with a 95 % interval: the
        beginnings are drawn anew, together with both methods' errors.
    saved, saved_low, saved_high
        The same less `labels`.
    at_least
        Chance did not get as far: `random_labels` is where it ended, and it needs more.
    """

    method: str
    labels: int
    mae: float
    mae_random: float
    delta: float
    delta_low: float
    delta_high: float
    p: float
    p_corrected: float
    random_labels: float
    random_low: float
    random_high: float
    saved: float
    saved_low: float
    saved_high: float
    at_least: bool

    def told(self) -> dict[str, Any]:
        """Return the fields by name."""
        return dataclasses.asdict(self)


def labels_saved(table: pd.DataFrame, random: np.random.Generator) -> list[Saved]:
    """Return what each method but chance is worth at each number of labels after the first.

    Parameters
    ----------
    table
        ``seed``, ``method``, ``labels``, ``mae``, as `run_rounds` returns it.
    random
        For the intervals.
    """
    errors = {
        str(method): own.pivot_table(index="seed", columns="labels", values="mae")
        for method, own in table.groupby("method", sort=False)
    }
    chance = errors.pop(RANDOM)
    sizes, curve = chance.columns.to_numpy(np.float64), chance.to_numpy(np.float64)
    again = random.integers(len(curve), size=(RESAMPLES, len(curve)))
    curves = curve[again].mean(axis=1)
    found = []
    for labels in [int(size) for size in sizes[1:]]:
        here = {name: own for name, own in errors.items() if labels in own}
        tests = {
            name: corrected_t((own[labels] - chance[labels]).to_numpy(np.float64), 0.0)
            for name, own in here.items()
        }
        corrected = dict(zip(tests, holm([test.p for test in tests.values()]), strict=True))
        for name, own in here.items():
            error, test = own[labels].to_numpy(np.float64), tests[name]
            needed = float(labels_needed(curve.mean(axis=0), sizes, error.mean()))
            resampled = np.array(
                [
                    labels_needed(each, sizes, mean)
                    for each, mean in zip(curves, error[again].mean(axis=1), strict=True)
                ]
            )
            low, high = (float(end) for end in np.quantile(resampled, (0.025, 0.975)))
            found.append(
                Saved(
                    name,
                    labels,
                    float(error.mean()),
                    float(chance[labels].mean()),
                    test.mean,
                    test.low,
                    test.high,
                    test.p,
                    corrected[name],
                    *(needed, low, high),
                    *(needed - labels, low - labels, high - labels),
                    at_least=bool(error.mean() < curve.mean(axis=0).min()),
                )
            )
    return sorted(found, key=lambda each: (list(errors).index(each.method), each.labels))


def labels_needed(curve: NDArray[np.float64], sizes: NDArray[np.float64], error: float) -> float:
    """Return the number of labels at which a curve first gets down to an error.

    Between two sizes the error falls as a power of their number; where the curve rises, the lowest
    error so far counts. Beyond its ends it is the first or the last size.

    Parameters
    ----------
    curve
        (k,) errors at each of the sizes.
    sizes
        (k,) rising.
    error
        To get down to.
    """
    lowest = np.minimum.accumulate(curve)
    reached = np.flatnonzero(lowest <= error)
    if not len(reached):
        return float(sizes[-1])
    here = int(reached[0])
    if here == 0:
        return float(sizes[0])
    above, below = np.log(lowest[here - 1]), np.log(lowest[here])
    share = (above - np.log(error)) / (above - below)
    first, second = np.log(sizes[here - 1]), np.log(sizes[here])
    return float(np.exp(first + share * (second - first)))
