"""A sweep in MLflow: a run for it, and a child for each trial of each outer fold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cetransfer.tracking.comparison_log import EXECUTION, logged_before
from cetransfer.tracking.store import store_errors
from cetransfer.tracking.write import finish_run, flatten, start_run

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.sweeps.result import Sweep
    from cetransfer.tracking.store import Store

NUMBERS = ("inner_error", "folds", "labels", "size", "seconds")

ENDED = {"complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED", "lost": "KILLED"}


def log_sweep(store: Store, sweep: Sweep, staged: Path, execution: str) -> str:
    """Log a finished sweep, unless that was done before, and return its run id.

    Parameters
    ----------
    store
        The open store.
    sweep
        What was found.
    staged
        Folder with the result's files.
    execution
        Name of the execution, as that of a comparison.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    with store_errors(store.uri):
        return logged_before(store, execution) or _log(store, sweep, staged, execution)


def _log(store: Store, sweep: Sweep, staged: Path, execution: str) -> str:
    document = sweep.document
    common = {
        "cetransfer.key": document["key"],
        "quantity": document["quantity"],
        "unit": document["unit"],
        EXECUTION: execution,
    }
    hashes = document["data_hashes"]
    run_id = start_run(store, f"sweep {document['sweep']}", "sweep", hashes, common)
    for row in sweep.trials.to_dict("records"):
        own = {str(name): value for name, value in row.items()}
        _log_trial(store, own, {**common, "mlflow.parentRunId": run_id})
    store.client.log_artifacts(run_id, str(staged))
    score = document["score"] or {}
    numbers = {f"outer_{name}": value for name, value in score.items()}
    for place, outer in enumerate(document["outer"]):
        winner = outer["winners"][0]
        numbers |= {
            f"fold.{place}.outer_error": (winner["outer"] or {}).get("error"),
            f"fold.{place}.optimism": winner["optimism"],
        }
    finish_run(
        store,
        run_id,
        flatten(document["config"]),
        {**numbers, "optimism": document["optimism"], "seconds": document["seconds"]},
    )
    return run_id


def _log_trial(store: Store, row: dict[str, Any], tags: dict[str, str]) -> None:
    known = {name: value for name, value in row.items() if not _missing(value)}
    name = f"fold {row['outer']} trial {row['trial']}"
    run_id = start_run(store, name, "trial", {}, {**tags, "state": row["state"]})
    finish_run(
        store,
        run_id,
        {key: value for key, value in known.items() if key not in NUMBERS and value != ""},
        {key: float(known[key]) for key in NUMBERS if key in known},
        ENDED[row["state"]],
    )


def _missing(value: Any) -> bool:  # noqa: ANN401 - of any column
    import pandas as pd

    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
