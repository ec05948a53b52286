"""How many rows a data file has, so that a row beyond its end is refused."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from cetransfer.datasets.locate import locate
from cetransfer.errors import UserError
from cetransfer.files import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def require_row(asked: str, row: int, files: Iterable[tuple[str, str]], root: Path) -> None:
    """Refuse a row that none of the files has.

    Nothing is refused where one of them is not on this machine, was changed, or is no table: then
    its end is not known.

    Parameters
    ----------
    asked
        As the user wrote it.
    row
        Counted from 1, the first below the header.
    files
        Names and SHA-256.
    root
        The project's folder.

    Raises
    ------
    UserError
        Naming the last row.
    """
    counts = {file: rows_of(file, value, root) for file, value in files}
    known = [count for count in counts.values() if count is not None]
    if not counts or len(known) < len(counts) or row <= max(known):
        return
    last = max(known)
    raise UserError(
        f"{asked}: {', '.join(sorted(counts))} has {last} rows; give a row from 1 to {last}"
    )


def rows_of(file: str, value: str, root: Path) -> int | None:
    """Return the number of rows of a table; None where it is not known."""
    path = locate(file, root)
    if path is None or path.suffix not in {".csv", ".parquet"} or sha256(path) != value:
        return None
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return int(parquet.read_metadata(path).num_rows)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return sum(1 for row in csv.reader(stream) if row) - 1
