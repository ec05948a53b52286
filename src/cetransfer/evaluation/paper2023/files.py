"""The files of a repetition of the paper's procedure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.evaluation.documents import open_staging
from cetransfer.files import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.paper2023.repetition import Repetition

DOCUMENT = "paper2023.json"
SCORES = "paper2023.csv"


def stage_repetition(found: Repetition, folder: Path) -> Path:
    """Write the result's files into an empty staging folder and return it."""
    open_staging(folder, found.document, "paper2023")
    found.folds.to_csv(folder / SCORES, index=False)
    write_json(folder / DOCUMENT, found.document)
    return folder
