"""The files of a comparison: made aside, then moved to where the user finds them."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema

from cetransfer.errors import UserError
from cetransfer.files import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.comparison import Comparison

DOCUMENT = "comparison.json"
PREDICTIONS = "predictions.parquet"
INTERVALS = "intervals.parquet"
#: only where there are rows never trained on
COVERAGE = "coverage.png"


@lru_cache(maxsize=1)
def comparison_schema() -> dict[str, Any]:
    """Return the JSON schema of `comparison.json`."""
    text = (files("cetransfer.evaluation") / "schema" / "comparison.schema.json").read_text()
    schema: dict[str, Any] = json.loads(text)
    return schema


def stage(comparison: Comparison, folder: Path) -> Path:
    """Write the result's data files into an empty staging folder and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    jsonschema.validate(comparison.document, comparison_schema())
    comparison.predictions.to_parquet(folder / PREDICTIONS, index=False)
    comparison.intervals.to_parquet(folder / INTERVALS, index=False)
    write_json(folder / DOCUMENT, comparison.document)
    return folder


def publish(staged: Path, output: Path) -> None:
    """Move staged files over those of an earlier result; the document comes last.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    drawn = (staged / COVERAGE).exists()
    try:
        for path in sorted(staged.iterdir(), key=lambda path: path.name == DOCUMENT):
            path.replace(output / path.name)
        if not drawn:
            (output / COVERAGE).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write {output}: {error.strerror}; give output_dir=FOLDER that is writable"
        ) from error
