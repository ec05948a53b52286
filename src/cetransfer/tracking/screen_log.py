"""A screening in MLflow: one run with its files, and the id of the model it asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.tracking.lineage.facts import ASKED_MODEL
from cetransfer.tracking.write import log_result

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.tracking.store import Store


def log_screening(store: Store, document: dict[str, Any], staged: Path) -> str:
    """Log a screening and return its run id.

    Parameters
    ----------
    store
        The open store.
    document
        The content of ``screen.json``.
    staged
        Folder with the result's files.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    tags = {"quantity": "formation_energy", "unit": "eV/atom"}
    if document["model"] is not None:
        tags[ASKED_MODEL] = document["model"]["id"]
    after = {f"after.{step['criterion']}": step["after"] for step in document["funnel"]}
    numbers = {**document["counts"], **after}
    return log_result(store, ("screen", document["name"]), document, staged, tags, numbers)
