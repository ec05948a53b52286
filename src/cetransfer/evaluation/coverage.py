"""Intervals for the rows never trained on, and how often they hold."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.datasets.dataset import row_numbers
from cetransfer.models.applicability import known_of
from cetransfer.models.intervals import NOMINAL, fold_ensembles, scaled_intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.case import Case
    from cetransfer.evaluation.splits import Member
    from cetransfer.models.intervals import Calibration, FoldEnsembles

PROMISE = (
    "the level is meant for rows drawn like the labelled ones (exchangeable); nothing is promised "
    "for others, so look at element_seen and in_range"
)


@dataclass(frozen=True)
class Held:
    """How many rows of a kind there are and which share lies in its interval (None of none)."""

    rows: int
    coverage: float | None


@dataclass(frozen=True)
class Coverage:
    """How often a strategy's intervals hold on rows never trained on; widths in eV/atom.

    Parameters
    ----------
    overall
        All rows.
    low, middle, high
        Thirds of the rows by predicted energy, the most stable first.
    element_seen, element_new
        Rows whose elements all stand on that site in some labelled row, and the others.
    in_range, out_of_range
        Rows whose features all lie between those of labelled rows, and the others.
    width
        Mean width.
    unscaled, width_unscaled
        The same of plain CV+, which does not use the spread.
    constant
        Of the scale, in mean spreads; None where the spread is not used.
    """

    overall: Held
    low: Held
    middle: Held
    high: Held
    element_seen: Held
    element_new: Held
    in_range: Held
    out_of_range: Held
    width: float
    unscaled: Held
    width_unscaled: float
    constant: float | None


@dataclass(frozen=True)
class Unseen:
    """A strategy's intervals for the rows never trained on, how often they hold, and their rule."""

    table: pd.DataFrame
    coverage: Coverage
    calibration: Calibration


def folds_of(members: Sequence[Member]) -> dict[int, list[int]]:
    """Return the members of each fold of the first repeat, by their place."""
    folds: dict[int, list[int]] = {}
    for index, member in enumerate(members):
        if member.split.repeat == 0 and member.split.fold is not None:
            folds.setdefault(member.split.fold, []).append(index)
    return folds


def ensembles_of(predicted: NDArray[np.float64], members: Sequence[Member]) -> FoldEnsembles | None:
    """Gather the fold ensembles of the first repeat, see `fold_ensembles`."""
    folds = folds_of(members)
    left_out = [members[own[0]].split.test for own in folds.values()]
    return fold_ensembles(predicted, folds, left_out)


def coverage_document(found: Mapping[str, Coverage]) -> dict[str, Any] | None:
    """Return what `comparison.json` says of the intervals, None where there are none."""
    if not found:
        return None
    strategies = {name: dataclasses.asdict(coverage) for name, coverage in found.items()}
    return {"nominal": NOMINAL, "promise": PROMISE, "strategies": strategies}


def unseen_intervals(
    name: str, case: Case, members: Sequence[Member], predicted: NDArray[np.float64]
) -> Unseen | None:
    """Return a strategy's intervals for the rows never trained on, and how often they hold.

    Parameters
    ----------
    name
        Of the strategy.
    case
        Rows.
    members
        M members.
    predicted
        (M, n) predictions of every member for every target row.

    Returns
    -------
    One line a row, `prediction` and `spread` being means over the fold ensembles; None where all
    rows are labelled, or the protocol has no folds that leave out every labelled row once.
    """
    whole = [index for index, member in enumerate(members) if member.split.fold is None]
    ensembles = ensembles_of(predicted, members)
    if not whole or ensembles is None:
        return None
    split = members[whole[0]].split
    new, labels = split.test, case.target.data.labels
    frame = case.target.data.frame.iloc[new]
    known = known_of(case.target, split.train)
    seen = known.elements_seen(case.target)[new]
    inside = known.features_in_range(case.target)[new]
    scaled, plain = scaled_intervals(ensembles, labels, new, seen & inside)
    prediction = ensembles.mean[:, new].mean(axis=0)
    table = pd.DataFrame(
        {
            "strategy": name,
            "row": row_numbers(case.target.data.frame)[new],
            "compound": frame["formula"].to_numpy(),
            "A": frame["A"].to_numpy(),
            "B": frame["B"].to_numpy() if "B" in frame else "",
            case.target.data.quantity: labels[new],
            "prediction": prediction,
            "spread": ensembles.spread[:, new].mean(axis=0),
            "lower": scaled.lower,
            "upper": scaled.upper,
            "element_seen": seen,
            "in_range": inside,
        }
    )
    holds = (scaled.lower <= labels[new]) & (labels[new] <= scaled.upper)
    holds_plain = (plain.lower <= labels[new]) & (labels[new] <= plain.upper)
    low, middle, high = np.array_split(np.argsort(prediction, kind="stable"), 3)
    found = Coverage(
        overall=_held(holds),
        low=_held(holds[low]),
        middle=_held(holds[middle]),
        high=_held(holds[high]),
        element_seen=_held(holds[seen]),
        element_new=_held(holds[~seen]),
        in_range=_held(holds[inside]),
        out_of_range=_held(holds[~inside]),
        width=scaled.width,
        unscaled=_held(holds_plain),
        width_unscaled=plain.width,
        constant=None if math.isinf(scaled.constant) else scaled.constant,
    )
    return Unseen(table, found, scaled.calibration)


def columns(quantity: str) -> list[str]:
    """Return the columns of the table of intervals; the labels are in `quantity`."""
    known = ["strategy", "row", "compound", "A", "B", quantity, "prediction", "spread"]
    return [*known, "lower", "upper", "element_seen", "in_range"]


def all_intervals(tables: Sequence[pd.DataFrame], quantity: str) -> pd.DataFrame:
    """Return the intervals of all strategies below each other; no rows where there are none."""
    if not tables:
        return pd.DataFrame(columns=columns(quantity))
    return pd.concat(tables, ignore_index=True)


def _held(holds: NDArray[np.bool_]) -> Held:
    return Held(len(holds), float(holds.mean()) if len(holds) else None)
