"""The files of a repetition of the paper's procedure."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema

from cetransfer.files import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.paper2023.repetition import Repetition

DOCUMENT = "paper2023.json"
SCORES = "paper2023.csv"


@lru_cache(maxsize=1)
def repetition_schema() -> dict[str, Any]:
    """Return the JSON schema of `paper2023.json`."""
    text = (files("cetransfer.evaluation") / "schema" / "paper2023.schema.json").read_text()
    schema: dict[str, Any] = json.loads(text)
    return schema


def stage_repetition(found: Repetition, folder: Path) -> Path:
    """Write the result's files into an empty staging folder and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    jsonschema.validate(found.document, repetition_schema())
    found.folds.to_csv(folder / SCORES, index=False)
    write_json(folder / DOCUMENT, found.document)
    return folder
