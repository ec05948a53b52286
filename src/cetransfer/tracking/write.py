"""Writing a run in few calls: MLflow pays for each call, not for each number."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from cetransfer.tracking.manifest import seal_artifacts
from cetransfer.tracking.store import store_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cetransfer.tracking.store import Store

PARAM_LENGTH = 500

#: tag: name of a run that it keeps on every server
IDENTITY = "cetransfer.id"
#: tags, by the name of a data set: what it is to the run, source or target
DATASET = "dataset."
#: tag: the server that a run is to be sent to
WANTED = "cetransfer.remote"


def start_run(
    store: Store,
    name: str,
    kind: str,
    data_hashes: Mapping[str, str],
    tags: Mapping[str, str] | None = None,
) -> str:
    """Start a run and return its id; every run starts here, so that each says what it rests on.

    Parameters
    ----------
    store
        The open store.
    name, kind
        Of the run; the kind is ``"comparison"``, ``"strategy"``, ``"baseline"``, ``"source"``,
        ``"audit"``, ``"paper2023"``, ``"sweep"``, ``"trial"``, ``"screen"``,
        ``"suggestion"`` or ``"simulation"``.
    data_hashes
        Hash of each file that rows were read from, by file name.
    tags
        Further ones.
    """
    common = {
        **store.tags,
        **{f"data.{file}": value for file, value in data_hashes.items()},
        "cetransfer.kind": kind,
        IDENTITY: uuid.uuid4().hex,
        **({WANTED: store.remote} if store.remote else {}),
    }
    run = store.client.create_run(
        store.experiment_id, run_name=name, tags={**common, **(tags or {})}
    )
    return str(run.info.run_id)


def log_result(
    store: Store,
    words: tuple[str, str],
    document: Mapping[str, Any],
    staged: Path,
    tags: Mapping[str, str],
    numbers: Mapping[str, float],
) -> str:
    """Log a result that is one run, with its files, and return the run's id.

    Parameters
    ----------
    store
        The open store.
    words
        Kind of the run, and what else is in its name.
    document
        What the result says of itself: its key, configuration and hashes of data.
    staged
        Folder with the result's files.
    tags
        Further ones.
    numbers
        Its metrics.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    own = {"cetransfer.key": document["key"], **tags}
    with store_errors(store.uri):
        run_id = start_run(store, " ".join(words), words[0], document["data_hashes"], own)
        store.client.log_artifacts(run_id, str(staged))
        finish_run(store, run_id, flatten(document["config"]), numbers)
    return run_id


def log_series(store: Store, run_id: str, name: str, values: Sequence[float]) -> None:
    """Log one value per epoch."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, step) for step, value in enumerate(values)]
    if metrics:
        store.client.log_batch(run_id, metrics=metrics)


def finish_run(
    store: Store,
    run_id: str,
    params: Mapping[str, Any],
    metrics: Mapping[str, float | None],
    status: str = "FINISHED",
) -> None:
    """Log parameters and metrics (those that have a value), seal the artifacts and end the run."""
    from mlflow.entities import Metric, Param

    seal_artifacts(store, run_id)

    now = int(time.time() * 1000)
    store.client.log_batch(
        run_id,
        metrics=[
            Metric(name, float(value), now, 0)
            for name, value in metrics.items()
            if value is not None
        ],
        params=[Param(name, str(value)[:PARAM_LENGTH]) for name, value in params.items()],
    )
    store.client.set_terminated(run_id, status)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a nested mapping as one level of dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
