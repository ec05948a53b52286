"""Suggestions and their simulation in MLflow: one run each, with its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.tracking.lineage.facts import ASKED_MODEL
from cetransfer.tracking.write import log_result

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.tracking.store import Store

SAVED = ("mae", "mae_random", "saved", "p_corrected")
"""What of each method's worth is a metric."""


def log_suggestion(store: Store, document: dict[str, Any], staged: Path) -> str:
    """Log a suggestion and return its run id.

    Parameters
    ----------
    store
        The open store.
    document
        The content of ``suggest.json``.
    staged
        Folder with the result's files.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    tags = {
        "quantity": document["quantity"],
        "unit": document["unit"],
        ASKED_MODEL: document["model"]["id"],
        "method": document["method"],
    }
    words = ("suggestion", document["space"])
    return log_result(store, words, document, staged, tags, document["counts"])


def log_simulation(store: Store, document: dict[str, Any], staged: Path) -> str:
    """Log a simulation and return its run id.

    Parameters
    ----------
    store
        The open store.
    document
        The content of ``simulation.json``.
    staged
        Folder with the result's files.

    Raises
    ------
    UserError
        If the store cannot be written.
    """
    numbers = {
        f"{each['method']}.{name}": each[name]
        for each in document["labels_saved"]
        for name in SAVED
    }
    tags = {name: document[name] for name in ("quantity", "unit", "verdict")}
    return log_result(store, ("simulation", document["dataset"]), document, staged, tags, numbers)
