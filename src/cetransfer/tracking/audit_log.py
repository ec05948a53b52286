"""An audit in MLflow: one run, with a count per kind of finding."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cetransfer.tracking.store import store_errors
from cetransfer.tracking.write import finish_run, start_run

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
    named = [document["source"], document["target"]]
    with store_errors(store.uri):
        name = f"audit {' '.join(filter(None, named))}"
        run_id = start_run(store, name, "audit", document["data_hashes"])
        store.client.log_dict(run_id, document, "audit.json")
        params = {
            key: document[key] for key in ("source", "target", "sites_from", "prototype", "unit")
        }
        finish_run(store, run_id, params, {"findings": len(audit.findings), **rows})
    return run_id
