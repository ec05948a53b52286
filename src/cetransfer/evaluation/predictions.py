"""The table of predictions: one row per strategy, repeat, fold, member and compound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from threadpoolctl import threadpool_limits

from cetransfer.datasets.dataset import FORMATION_ENERGY, row_numbers
from cetransfer.evaluation.baselines import BASELINES
from cetransfer.progress import track
from cetransfer.seeding import Purpose, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.case import Case
    from cetransfer.evaluation.splits import Member, Split
    from cetransfer.settings import Settings

TINY = 1e-12
"""Spread of labels below which they count as all equal."""


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
    """Fit every baseline on every split and return its predictions on the scored rows.

    One thread a fit and as many fits at a time as there are cores: a fit that adds up in several
    threads would differ in the last digit from run to run.
    """
    target = case.target
    features, labels = target.features, target.labels
    is_energy = target.data.quantity == FORMATION_ENERGY

    def fitted(index: int, name: str, split: Split) -> pd.DataFrame:
        model = BASELINES[name](number(settings.seed, Purpose.BASELINE, index))
        train = target.in_all_views(split.train)
        # the baselines' settings are made for energies in eV/atom; other labels get that size
        size = 1.0 if is_energy else max(float(labels[train].std()), TINY)
        model.fit(features[train], labels[train] / size)
        predicted = np.mean([model.predict(view[split.test]) for view in target.views], axis=0)
        return _rows(name, case, split, size * predicted)

    jobs = [(index, name, split) for index, split in enumerate(case.splits) for name in BASELINES]
    cores = cpu_count()
    with threadpool_limits(limits=1):
        fits = Parallel(n_jobs=cores, prefer="threads", return_as="generator")(
            delayed(fitted)(*job) for job in jobs
        )
        frames: list[pd.DataFrame] = list(track(fits, "baselines", len(jobs), "fits"))
    table: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return table


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
            "prediction": predicted.astype(np.float64),
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
