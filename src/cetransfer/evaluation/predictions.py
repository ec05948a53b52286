"""The table of predictions: one row per strategy, repeat, fold, member and compound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.datasets.dataset import row_numbers
from cetransfer.evaluation.baselines import BASELINES, fit_baselines
from cetransfer.seeding import Purpose, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.evaluation.case import Case
    from cetransfer.evaluation.splits import Member, Split
    from cetransfer.settings import Settings


def member_predictions(
    name: str, case: Case, predicted: NDArray[np.float64], members: Sequence[Member]
) -> pd.DataFrame:
    """Return each member's predictions on the rows it is scored on.

    Parameters
    ----------
    name
        Of the strategy.
    predicted
        (M, n) predictions of every member on every target row, in the labels' unit.
    members
        M members.
    """
    return pd.concat(
        [
            _rows(name, case, member.split, predicted[i, member.split.test], member)
            for i, member in enumerate(members)
        ],
        ignore_index=True,
    )


def baseline_predictions(case: Case, settings: Settings) -> pd.DataFrame:
    """Fit every baseline on every split and return its predictions on the scored rows."""
    asked = [(index, split, name) for index, split in enumerate(case.splits) for name in BASELINES]
    jobs = [
        (name, number(settings.seed, Purpose.BASELINE, index), split.train, split.test)
        for index, split, name in asked
    ]
    predicted = fit_baselines(case.target, jobs, "baselines")
    return pd.concat(
        [
            _rows(name, case, split, own)
            for (_, split, name), own in zip(asked, predicted, strict=True)
        ],
        ignore_index=True,
    )


def _rows(
    name: str,
    case: Case,
    split: Split,
    predicted: NDArray[np.floating],
    member: Member | None = None,
) -> pd.DataFrame:
    data = case.target.data
    frame = data.frame.iloc[split.test]
    return pd.DataFrame(
        {
            "strategy": name,
            "part": split.part,
            "repeat": split.repeat,
            "fold": pd.array([split.fold] * len(frame), dtype="Int64"),
            "member": member.number if member else 0,
            "source": member.source if member else 0,
            "target_seed": member.target_seed if member else 0,
            "row": row_numbers(data.frame)[split.test],
            "compound": frame["formula"].to_numpy(),
            "A": frame["A"].to_numpy(),
            "B": frame["B"].to_numpy() if "B" in frame else "",
            **({"group": frame["group"].to_numpy()} if "group" in frame else {}),
            data.quantity: data.labels[split.test],
            "prediction": predicted.astype("float64"),
        }
    )


def ensemble(predictions: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Return the mean prediction of the members of each (strategy, part, repeat, fold, row).

    Adds the column `error`: prediction minus label, which is in the column `quantity`.
    """
    keys = ["strategy", "part", "repeat", "fold", "row", "compound", "A", "B", quantity]
    means = predictions.groupby(keys, sort=False, dropna=False)["prediction"].mean()
    table = means.reset_index()
    return table.assign(error=table["prediction"] - table[quantity])
