"""Round by round: train, measure, choose; what a round found is kept, so that a kill loses one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.files import read_json, write_json
from cetransfer.progress import meter
from cetransfer.screening.suggestion.method import Pool, make_method
from cetransfer.screening.suggestion.methods.chance import RANDOM
from cetransfer.screening.suggestion.simulation.arm import (
    Arm,
    beginning,
    choice_generator,
    rows_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.screening.suggestion.simulation.arm import Rows
    from cetransfer.screening.suggestion.simulation.learner import Learner, Learnt
    from cetransfer.settings_suggest import SimulationSettings

COLUMNS = ["seed", "method", "labels", "mae"]

Labelled = dict[Arm, "NDArray[np.int64]"]


def methods_of(settings: SimulationSettings) -> list[str]:
    """Return the methods, chance first.

    Raises
    ------
    UserError
        If one does not exist.
    """
    names = [RANDOM, *dict.fromkeys(name for name in settings.methods if name != RANDOM)]
    for name in names:
        make_method(name, "methods")
    return names


def run_rounds(
    learner: Learner, settings: SimulationSettings, taking_part: NDArray[np.int64], kept: Path
) -> pd.DataFrame:
    """Run all rounds and return the errors, one row per beginning, method and number of labels.

    Parameters
    ----------
    learner
        What is trained.
    settings
        Of the simulation.
    taking_part
        Rows with a label that may be used.
    kept
        Folder of finished rounds: what is there is taken.

    Returns
    -------
    `COLUMNS`; ``mae`` in the labels' unit.

    Raises
    ------
    UserError
        If there are too few rows, or a folder cannot be written to.
    """
    rows = rows_of(settings, taking_part)
    methods = methods_of(settings)
    labelled: Labelled = {
        Arm(method, seed): beginning(settings, rows, seed)
        for seed in range(settings.seeds)
        for method in methods
    }
    results: list[dict[str, Any]] = []
    last = settings.rounds + settings.further
    with meter("labels chosen and learnt", last + 1, "rounds") as advance:
        for number in range(last + 1):
            if number > settings.rounds:
                labelled = {arm: own for arm, own in labelled.items() if arm.method == RANDOM}
            file = kept / f"round-{number:03}.json"
            if not file.is_file():
                write_json(file, _round(learner, settings, rows, labelled, final=number == last))
            told = read_json(file)
            results += told["results"]
            chosen = {Arm(*key): own for *key, own in told["chosen"]}
            labelled = {
                arm: np.sort(np.concatenate([own, chosen[arm]]).astype(np.int64))
                for arm, own in labelled.items()
                if arm in chosen
            }
            advance()
    table = pd.DataFrame(results, columns=COLUMNS)
    order = {name: number for number, name in enumerate(methods)}
    return table.sort_values(
        COLUMNS[:3],
        key=lambda column: column.map(order) if column.name == "method" else column,
        ignore_index=True,
    )


def _round(
    learner: Learner, settings: SimulationSettings, rows: Rows, labelled: Labelled, *, final: bool
) -> dict[str, Any]:
    """Train all arms on what they have labels of, and let each choose what it labels next."""
    results, chosen = [], []
    truth = learner.target.data.labels[rows.test]
    for learnt in learner.learn(labelled):
        said = learnt.predicted[:, rows.test].mean(axis=0)
        error = float(np.abs(said - truth).mean())
        for arm in learnt.arms:
            own = labelled[arm]
            results.append([arm.seed, arm.method, len(own), error])
            if not final:
                picked = _chosen(learner, settings, rows, learnt, arm, own)
                chosen.append([arm.method, arm.seed, picked])
    return {"results": results, "chosen": chosen}


def _chosen(
    learner: Learner,
    settings: SimulationSettings,
    rows: Rows,
    learnt: Learnt,
    arm: Arm,
    own: NDArray[np.int64],
) -> list[int]:
    """Return the rows that an arm labels next."""
    free = np.setdiff1d(rows.pool, own)
    names = learner.target.data.frame["formula"].to_numpy()
    pool = Pool(
        names=names[free].tolist(),
        predicted=learnt.predicted[:, free],
        unit=learner.target.data.unit,
        places=learner.places[free],
        known_names=names[own].tolist(),
        known_places=learner.places[own],
    )
    random = choice_generator(settings, arm, len(own))
    picks = make_method(arm.method).choose(pool, settings.n, random)
    return [int(free[pick.row]) for pick in picks]
