"""The best baseline of every split, chosen without a look at its scored rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.evaluation.baselines import BASELINES, BEST, fit_baselines
from cetransfer.evaluation.inner_folds import inner_folds
from cetransfer.seeding import Purpose, generator, number

if TYPE_CHECKING:
    from cetransfer.evaluation.case import Case
    from cetransfer.settings import Settings

INNER_FOLDS = 3
"""With more, the fits take longer than the networks of a strategy; the choice is hardly surer."""

#: what tells the splits of a comparison apart in the table of predictions
SPLIT = ["part", "repeat", "fold"]


def inner_errors(case: Case, settings: Settings) -> pd.DataFrame:
    """Score every baseline on inner folds of the training rows of every split.

    Returns
    -------
    One row per split, columns ``part``, ``repeat``, ``fold`` and one for each baseline: its mean
    absolute error in the unit of the labels, each training row with the mean over the inner folds
    that score it. NaN where there was no inner fold.
    """
    target = case.target
    asked = [
        (index, place, name, *rows)
        for index, split in enumerate(case.splits)
        for place, rows in enumerate(
            inner_folds(
                split,
                case.layout.groups,
                INNER_FOLDS,
                generator(settings.seed, Purpose.INNER_FOLDS, index),
            )
        )
        for name in BASELINES
    ]
    jobs = [
        # the path without a place is that of the fit on all training rows
        (name, number(settings.seed, Purpose.BASELINE, index, place), train, test)
        for index, place, name, train, test in asked
    ]
    predicted = fit_baselines(target, jobs, "baselines on inner folds")
    errors: dict[tuple[int, str], list[pd.Series[float]]] = {}
    for (index, _, name, _, test), own in zip(asked, predicted, strict=True):
        error = pd.Series(np.abs(own - target.data.labels[test]), index=test)
        errors.setdefault((index, name), []).append(error)
    table = pd.DataFrame(
        [
            {
                "part": split.part,
                "repeat": split.repeat,
                "fold": split.fold,
                **{name: _mean(errors.get((index, name))) for name in BASELINES},
            }
            for index, split in enumerate(case.splits)
        ]
    )
    return table.astype({"fold": "Int64"})


def _mean(parts: list[pd.Series[float]] | None) -> float:
    if parts is None:
        return float("nan")
    return float(pd.concat(parts).groupby(level=0).mean().mean())


def chosen_baselines(errors: pd.DataFrame) -> pd.Series[str]:
    """Return the baseline of the lowest inner error of every split.

    Of equal ones it is the one listed first in `BASELINES`, and so it is where none has an error.
    """
    names = list(BASELINES)
    best = errors[names].fillna(np.inf).to_numpy().argmin(axis=1)
    return pd.Series([names[place] for place in best], index=errors.index)


def best_predictions(baselines: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Return what the best baseline of each split predicts, as a baseline of its own.

    Parameters
    ----------
    baselines
        The baselines' part of the table of predictions.
    errors
        As `inner_errors` returns them.
    """
    chosen = errors[SPLIT].assign(strategy=chosen_baselines(errors))
    table = baselines.merge(chosen, on=[*SPLIT, "strategy"], validate="many_to_one")
    return table.assign(strategy=BEST)


def choices(errors: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the choice of every split as `comparison.json` has it."""
    return [
        {
            "part": row["part"],
            "repeat": int(row["repeat"]),
            "fold": None if pd.isna(row["fold"]) else int(row["fold"]),
            "chosen": chosen,
            "errors": {name: None if pd.isna(row[name]) else row[name] for name in BASELINES},
        }
        for row, chosen in zip(
            errors.to_dict("records"), chosen_baselines(errors).tolist(), strict=True
        )
    ]
