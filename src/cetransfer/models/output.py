"""A table of predictions as a file, and beside it what it rests on, its own hash included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cetransfer
from cetransfer.errors import UserError
from cetransfer.files import sha256, write_aside, write_json
from cetransfer.provenance import git_commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

ENDINGS = (".csv", ".parquet")

RECORD = ".lineage.json"
"""What is added to a table's name for the file that says where it comes from."""


def check_output(path: Path) -> None:
    """Refuse a file that could not be written, before any work.

    Raises
    ------
    UserError
        If it has another ending, is a folder, or stands in none.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"output={path} is no table; give a file that ends in .csv or .parquet")
    if path.is_dir():
        raise UserError(f"output={path} is a folder; give a file in it, output={path / 'my.csv'}")
    if not path.parent.is_dir():
        raise UserError(
            f"cannot write {path}: there is no folder {path.parent}; make it, or give another "
            "output=FILE"
        )


def write_output(
    table: pd.DataFrame, path: Path, about: Mapping[str, Any], inputs: Sequence[str], root: Path
) -> None:
    """Write a table to a file, whose ending says how, and the record of it.

    Parameters
    ----------
    table
        Of predictions.
    path
        The file; the record stands beside it, see `record_of`.
    about
        The description of the model.
    inputs
        Formulas and names of files that were predicted.
    root
        The project's folder, for the commit of the code.

    Raises
    ------
    UserError
        If they cannot be written.
    """
    # one of before says nothing of this table
    record_of(path).unlink(missing_ok=True)
    with write_aside(path, "output=/tmp/predicted.csv") as aside:
        if path.suffix.lower() == ".csv":
            table.to_csv(aside, index=False)
        else:
            table.to_parquet(aside, index=False)
    commit, dirty = git_commit(root)
    asked = [Path(each) for each in inputs]
    files = [path for path in asked if path.is_file()]
    write_json(
        record_of(path),
        {
            "file": path.name,
            "sha256": sha256(path),
            "rows": len(table),
            "model": about["id"],
            "quantity": about["quantity"],
            "unit": about["unit"],
            # from any folder
            "asked": [str(path.resolve()) if path.exists() else str(path) for path in asked],
            "inputs": {str(file): sha256(file) for file in files},
            "commit": commit,
            "dirty": dirty,
            "version": cetransfer.__version__,
        },
    )


def record_of(path: Path) -> Path:
    """Return where it stands what a table of predictions rests on: ``my.csv.lineage.json``."""
    return path.with_name(path.name + RECORD)
