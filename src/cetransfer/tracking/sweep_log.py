"""A sweep in MLflow: a run for it, and a child for each trial, as soon as its study has ended.

A sweep that was stopped leaves a run that says so (RUNNING) with the trials of the studies that had
ended; the same command goes on with that run and logs no trial twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cetransfer.tracking.comparison_log import EXECUTION
from cetransfer.tracking.store import every_run, store_errors
from cetransfer.tracking.write import DATASET, finish_run, flatten, start_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from cetransfer.sweeps.result import Sweep
    from cetransfer.tracking.store import Store

NUMBERS = ("inner_error", "folds", "labels", "size", "seconds")

ENDED = {"complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED", "lost": "KILLED"}

TRIAL = "cetransfer.trial"
"""Tag of a trial's run: outer fold and number."""

PARENT = "mlflow.parentRunId"


@dataclass(frozen=True)
class SweepLog:
    """The run of a sweep.

    Parameters
    ----------
    store
        The open store.
    run_id
        Of the sweep.
    tags
        That its trials have too.
    """

    store: Store
    run_id: str
    tags: dict[str, str]

    @property
    def finished(self) -> bool:
        """Whether all was logged before, by this process or another."""
        with store_errors(self.store.uri):
            return str(self.store.client.get_run(self.run_id).info.status) == "FINISHED"

    def trials(self, table: pd.DataFrame) -> None:
        """Log the trials of a table that were not logged yet.

        Raises
        ------
        UserError
            If the store cannot be written.
        """
        if self.finished:
            return
        with store_errors(self.store.uri):
            mine = f"tags.`{PARENT}` = '{self.run_id}'"
            runs = every_run(self.store.client, self.store.experiment_id, mine)
            known = {run.data.tags.get(TRIAL): run for run in runs}
            for row in table.to_dict("records"):
                own = {str(name): value for name, value in row.items()}
                run = known.get(_name(own))
                # one whose process was killed in the middle of logging it is logged again
                if run is None or run.info.status == "RUNNING":
                    self._trial(own, run.info.run_id if run else None)

    def finish(self, sweep: Sweep, staged: Path) -> None:
        """Log the rest of the trials and what was found.

        Parameters
        ----------
        sweep
            What was found.
        staged
            Folder with the result's files.

        Raises
        ------
        UserError
            If the store cannot be written.
        """
        self.trials(sweep.trials)
        document = sweep.document
        score = document["score"] or {}
        numbers = {f"outer_{name}": value for name, value in score.items()}
        for place, outer in enumerate(document["outer"]):
            winner = outer["winners"][0]
            numbers |= {
                f"fold.{place}.outer_error": (winner["outer"] or {}).get("error"),
                f"fold.{place}.optimism": winner["optimism"],
            }
        numbers |= {"optimism": document["optimism"], "seconds": document["seconds"]}
        with store_errors(self.store.uri):
            self.store.client.log_artifacts(self.run_id, str(staged))
            finish_run(self.store, self.run_id, flatten(document["config"]), numbers)

    def _trial(self, row: dict[str, Any], run_id: str | None) -> None:
        known = {name: value for name, value in row.items() if not _missing(value)}
        if run_id is None:
            name = f"fold {row['outer']} trial {row['trial']}"
            own = {**self.tags, PARENT: self.run_id, TRIAL: _name(row), "state": row["state"]}
            run_id = start_run(self.store, name, "trial", {}, own)
        finish_run(
            self.store,
            run_id,
            {key: value for key, value in known.items() if key not in NUMBERS and value != ""},
            {key: float(known[key]) for key in NUMBERS if key in known},
            ENDED[row["state"]],
        )


def open_sweep_log(
    store: Store,
    name: str,
    hashes: Mapping[str, str],
    roles: Mapping[str, str],
    tags: Mapping[str, str],
    execution: str,
) -> SweepLog:
    """Begin the run of a sweep, or go on with the one that was begun.

    Parameters
    ----------
    store
        The open store.
    name
        Of the sweep.
    hashes
        Of the files that rows were read from.
    roles
        What each data set is to the sweep, source or target.
    tags
        Of the sweep and its trials.
    execution
        Name of the execution: a run of that name is gone on with.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    own = {**tags, EXECUTION: execution}
    used = {f"{DATASET}{each}": role for each, role in roles.items()}
    mine = f"tags.`{EXECUTION}` = '{execution}' AND tags.`cetransfer.kind` = 'sweep'"
    with store_errors(store.uri):
        run = next(every_run(store.client, store.experiment_id, mine), None)
        if run is not None:
            return SweepLog(store, run.info.run_id, own)
        run_id = start_run(store, f"sweep {name}", "sweep", hashes, {**own, **used})
    return SweepLog(store, run_id, own)


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['outer']}/{row['trial']}"


def _missing(value: Any) -> bool:  # noqa: ANN401 - of any column
    import pandas as pd

    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
