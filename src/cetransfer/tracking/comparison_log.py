"""A comparison in MLflow: a parent run, and a child for each strategy and baseline.

A run that was killed after its comparison was logged, and goes on, must not log it again; the same
command given anew must. So what is unfinished has a name of its own, which its runs carry.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from cetransfer.files import write_aside
from cetransfer.tracking.model_log import MODEL, log_model
from cetransfer.tracking.source_log import source_runs
from cetransfer.tracking.store import store_errors
from cetransfer.tracking.write import DATASET, finish_run, flatten, log_series, start_run

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.comparison import Comparison
    from cetransfer.evaluation.scores import Score
    from cetransfer.tracking.store import Store


#: tag of all runs of one execution, however often it was interrupted
EXECUTION = "cetransfer.execution"


def execution_of(partial: Path) -> str:
    """Return the name of the execution whose unfinished results lie in a folder.

    It is made up at the first call, and ends with the folder.
    """
    file = partial / "execution"
    if not file.is_file():
        with write_aside(file) as aside:
            aside.write_text(uuid.uuid4().hex)
    return file.read_text()


def log_comparison(store: Store, comparison: Comparison, staged: Path, execution: str) -> str:
    """Log a finished comparison, unless that was done before, and return the parent's run id.

    Parameters
    ----------
    store
        The open store.
    comparison
        What was found.
    staged
        Folder with the result's files and figures.
    execution
        Name of the execution: if it has logged its comparison, that run is taken; what it was
        killed in the middle of is marked so.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    with store_errors(store.uri):
        return logged_before(store, execution) or _log(store, comparison, staged, execution)


def logged_before(store: Store, execution: str) -> str | None:
    """Return the run in which an execution has logged all it found, if there is one.

    What it was killed in the middle of is marked so.
    """
    mine = f"tags.`{EXECUTION}` = '{execution}'"
    runs = store.client.search_runs([store.experiment_id], mine)
    for run in runs:
        if "mlflow.parentRunId" not in run.data.tags and run.info.status == "FINISHED":
            return str(run.info.run_id)
    for run in runs:
        if run.info.status == "RUNNING":
            store.client.set_terminated(run.info.run_id, "KILLED")
    return None


def _log(store: Store, comparison: Comparison, staged: Path, execution: str) -> str:
    document = comparison.document
    hashes = document["data_hashes"]
    common = {
        "features.schema": document["feature_schema"],
        "cetransfer.key": document["key"],
        EXECUTION: execution,
        "quantity": document["quantity"],
        "unit": document["unit"],
    }
    stacks = {nets.key: nets for nets in (comparison.sources, *comparison.nets.values())}
    tags_of = {
        key: {f"source.{net}": run for net, run in enumerate(source_runs(store, nets)[-1])}
        for key, nets in stacks.items()
    }
    roles = {f"{DATASET}{each['name']}": each["role"] for each in document["data"]}
    target = {name: role for name, role in roles.items() if role == "target"}
    parent_id = start_run(
        store,
        f"compare {document['dataset']}",
        "comparison",
        hashes,
        {**common, **roles, **tags_of[comparison.sources.key]},
    )
    for line in (*comparison.strategies, *comparison.baselines):
        is_strategy = line.name in comparison.plans
        nets = comparison.nets.get(line.name)
        tags = {
            "mlflow.parentRunId": parent_id,
            "verdict": str(line.verdict),
            **common,
            **({**roles, **tags_of[nets.key]} if nets else target),
            **({MODEL: document["models"][line.name]} if is_strategy else {}),
        }
        kind = "strategy" if is_strategy else "baseline"
        child_id = start_run(store, line.name, kind, hashes, tags)
        if is_strategy:
            log_series(store, child_id, "train_loss", comparison.losses[line.name])
            log_model(store, child_id, comparison.models[line.name])
        configured = document["config"]["strategy"].get(line.name, {})
        finish_run(store, child_id, {"strategy": line.name, **configured}, _numbers(line))
    store.client.log_artifacts(parent_id, str(staged))
    store.client.log_dict(parent_id, document["config"], "config.yaml")
    store.client.log_dict(parent_id, document["packages"], "packages.json")
    best = min(comparison.strategies, key=lambda line: line.mae)
    finish_run(
        store,
        parent_id,
        flatten(document["config"]),
        {
            "best_mae": best.mae,
            "best_delta": best.delta,
            "seconds": document["seconds"],
            **{f"mae.{line.name}": line.mae for line in comparison.strategies},
            **_contrast(comparison),
        },
    )
    return parent_id


def _contrast(comparison: Comparison) -> dict[str, float]:
    contrast = comparison.contrast
    return {} if contrast is None else {"contrast.delta": contrast.delta, "contrast.p": contrast.p}


def _numbers(line: Score) -> dict[str, float | None]:
    return {
        name: value
        for name, value in flatten(dataclasses.asdict(line)).items()
        if name not in {"name", "verdict"}
    }
