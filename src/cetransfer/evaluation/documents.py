"""What all results have in common: a document with a schema, made in a folder aside."""

from __future__ import annotations

import json
import shutil
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema

from cetransfer.files import read_json

if TYPE_CHECKING:
    from pathlib import Path


@cache
def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON schema of a document: ``"comparison"``, ``"model"``, ``"screen"``, ..."""
    text = (files("cetransfer.evaluation") / "schema" / f"{name}.schema.json").read_text()
    schema: dict[str, Any] = json.loads(text)
    return schema


def stored_document(path: Path, key: str) -> dict[str, Any] | None:
    """Return the document of a result that is there already; None for another key.

    Raises
    ------
    UserError
        If it is damaged.
    """
    document = read_json(path) if path.is_file() else {}
    return document if document.get("key") == key else None


def open_staging(folder: Path, document: dict[str, Any], name: str) -> None:
    """Make an empty folder for the files of a result whose document keeps to its schema."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    jsonschema.validate(document, schema_of(name))
