"""A repetition of the paper's procedure in MLflow: one run, with a series over folds per arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.tracking.store import store_errors
from cetransfer.tracking.write import finish_run, flatten, log_series, start_run

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.paper2023.repetition import Repetition
    from cetransfer.tracking.store import Store


def log_repetition(store: Store, found: Repetition, staged: Path) -> str:
    """Log a finished repetition and return its run id.

    Parameters
    ----------
    store
        The open store.
    found
        What was found.
    staged
        Folder with the result's files.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    document = found.document
    tags = {
        "features.schema": document["feature_schema"],
        "cetransfer.key": document["key"],
        "quantity": document["quantity"],
        "unit": document["unit"],
    }
    with store_errors(store.uri):
        name = f"compare {document['protocol']}"
        run_id = start_run(store, name, "paper2023", document["data_hashes"], tags)
        for (procedure, arm), own in found.folds.groupby(["procedure", "arm"]):
            log_series(store, run_id, f"fold.{procedure}.{arm}", own["last"].tolist())
        store.client.log_artifacts(run_id, str(staged))
        store.client.log_dict(run_id, document["packages"], "packages.json")
        numbers = {name: document[name] for name in ("published", "repeated", "leak_free", "delta")}
        finish_run(
            store,
            run_id,
            {
                **flatten(document["config"]),
                **flatten(document["recipe"], "recipe."),
                "protocol": document["protocol"],
                "seed": document["seed"],
            },
            {**flatten(numbers), "seconds": document["seconds"]},
        )
    return run_id
