"""A table of predictions as a file: whole or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.files import write_aside

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

ENDINGS = (".csv", ".parquet")


def check_output(path: Path) -> None:
    """Refuse a file that could not be written, before any work.

    Raises
    ------
    UserError
        If it has another ending, or is a folder.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"output={path} is no table; give a file that ends in .csv or .parquet")
    if path.is_dir():
        raise UserError(f"output={path} is a folder; give a file in it, output={path / 'my.csv'}")


def write_output(table: pd.DataFrame, path: Path) -> None:
    """Write a table to a file; its ending says how.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    with write_aside(path, "output=/tmp/predicted.csv") as aside:
        if path.suffix.lower() == ".csv":
            table.to_csv(aside, index=False)
        else:
            table.to_parquet(aside, index=False)
