"""An audit in MLflow: one run, with a count per kind of finding."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cetransfer.tracking.store import store_errors
from cetransfer.tracking.write import finish_run

if TYPE_CHECKING:
    from cetransfer.datasets.audit.run import Audit
    from cetransfer.tracking.store import Store


def log_audit(store: Store, audit: Audit, document: dict[str, Any]) -> str:
    """Log an audit and return its run id.

    Parameters
    ----------
    store
        The open store.
    audit
        What was found.
    document
        The content of ``audit.json``.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    rows: Counter[str] = Counter()
    for finding in audit.findings:
        rows[f"rows.{finding.kind}"] += len(finding.rows)
    tags = {
        "cetransfer.kind": "audit",
        **{f"data.{name}": value for name, value in document["data_hashes"].items()},
    }
    named = [document["source"], document["target"]]
    with store_errors(store.uri):
        run = store.client.create_run(
            store.experiment_id, run_name=f"audit {' '.join(filter(None, named))}", tags=tags
        )
        run_id = str(run.info.run_id)
        store.client.log_dict(run_id, document, "audit.json")
        params = {key: document[key] for key in ("source", "target", "sites_from")}
        finish_run(store, run_id, params, {"findings": len(audit.findings), **rows})
    return run_id
