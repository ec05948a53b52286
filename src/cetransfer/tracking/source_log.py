"""Runs of source nets: one each, found again by the net's own identifier."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cetransfer.models import bundle
from cetransfer.provenance import array_digest
from cetransfer.tracking.store import store_errors
from cetransfer.tracking.write import DATASET, finish_run, log_series, start_run

if TYPE_CHECKING:
    from cetransfer.models.source_nets import SourceNets
    from cetransfer.tracking.store import Store

IDENTIFIER = "cetransfer.source_net"
WEIGHTS = "cetransfer.weights"


def source_runs(store: Store, nets: SourceNets) -> list[list[str]]:
    """Return the run ids of each stage of the source nets, logging those that have no run yet.

    Parameters
    ----------
    store
        The open store.
    nets
        The source nets; in a sequence, each names the net that it started from.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    with store_errors(store.uri):
        runs: list[list[str]] = []
        for stage in nets.stages:
            started = runs[-1] if runs else [None] * stage.stack.members
            runs.append([_run_of(store, stage, net, start) for net, start in enumerate(started)])
        return runs


def _run_of(store: Store, nets: SourceNets, net: int, started_from: str | None) -> str:
    identifier = nets.identifier(net)
    stack = nets.stack.take([net])
    # the identifier does not know the code, so a net that was trained again may be another one
    weights = array_digest(*(values.numpy() for values in stack.state_dict().values()))
    mine = (
        f"tags.`{IDENTIFIER}` = '{identifier}' AND tags.`{WEIGHTS}` = '{weights}' "
        "AND attributes.status = 'FINISHED'"
    )
    found = store.client.search_runs([store.experiment_id], mine, max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {
        IDENTIFIER: identifier,
        WEIGHTS: weights,
        **{f"{DATASET}{name}": "source" for name in nets.about["sources"]},
        **({"source.started_from": started_from} if started_from else {}),
    }
    hashes = nets.about["data_hashes"]
    run_id = start_run(store, f"source {identifier}", "source", hashes, tags)
    about = nets.about
    with TemporaryDirectory() as folder:
        bundle.save(Path(folder) / "model", stack, {**about, "net": net})
        store.client.log_artifacts(run_id, folder)
    log_series(store, run_id, "train_loss", about["losses"])
    params = {
        **{f"recipe.{key}": value for key, value in about["recipe"].items()},
        "seed": about["seed"],
        "net": net,
        "sources": " + ".join(about["sources"]),
        "rows": about["rows"],
        "features": about["features"],
    }
    finish_run(store, run_id, params, {"steps": about["steps"], "seconds": about["seconds"]})
    return run_id
