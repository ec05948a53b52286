"""A table that somebody else wrote: CSV, parquet or xlsx, every mishap named."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.files import utf8_text

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

ENDINGS = (".csv", ".parquet", ".xlsx")

OTHER_DELIMITERS = ";\t|"

CELL_LIMIT = 10_000_000
"""Characters in a cell of a CSV file: a CIF file fits in, a whole table behind a lost quote not."""


def read_user_table(path: Path) -> pd.DataFrame:
    """Read a table; the index holds the row numbers, from 1 for the first row below the header.

    Rows without any content are left out. Cells of a CSV file are text, those of the other formats
    what the file says.

    Raises
    ------
    UserError
        If the file is missing, empty or not what its name says.
    """
    import pandas as pd

    readers = dict(zip(ENDINGS, (_read_csv, _read_parquet, _read_xlsx), strict=True))
    if path.suffix.lower() not in readers:
        raise UserError(f"{path} is no table; give a file that ends in {', '.join(readers)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; check the path") from error
    if not content.strip():
        raise UserError(f"{path} is empty ({len(content)} bytes); download or save it again")
    frame = readers[path.suffix.lower()](path, content)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise UserError(f"{path}: column {doubled[0]!r} occurs twice; rename one of them")
    frame = frame[~(frame.isna() | (frame == "")).all(axis=1)]
    if frame.empty:
        raise UserError(f"{path} has no rows below its header")
    return frame


def _read_csv(path: Path, content: bytes) -> pd.DataFrame:
    import pandas as pd

    for start, kind in (
        (b"PK\x03\x04", "zip or xlsx"),
        (b"PAR1", "parquet"),
        (b"\x1f\x8b", "gzip"),
    ):
        if content.startswith(start):
            raise UserError(f"{path} is a {kind} file, no CSV; unpack it or correct its ending")
    text = utf8_text(content, str(path))
    before = csv.field_size_limit(CELL_LIMIT)
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise UserError(f"{path} is no CSV: {error}; check its quotes") from error
    finally:
        csv.field_size_limit(before)
    header = [name.strip() for name in header]
    if len(header) == 1 and any(sign in header[0] for sign in OTHER_DELIMITERS):
        raise UserError(
            f"{path} has one column only, {header[0]!r}; its delimiter is no comma: save it with "
            "commas between columns and points in numbers"
        )
    for number, row in enumerate(rows, 1):
        if row and len(row) != len(header):
            raise UserError(
                f"{path}: row {number} has {len(row)} cells, the header {len(header)}; "
                "correct the row or put cells with commas into quotes"
            )
    return pd.DataFrame([row or [""] * len(header) for row in rows], columns=header, dtype=object)


def _read_parquet(path: Path, content: bytes) -> pd.DataFrame:
    import pandas as pd
    from pyarrow import ArrowException

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no readable parquet file ({_first_line(error)}); download or save it again"
        ) from error
    frame.columns = frame.columns.map(str)
    return frame


def _read_xlsx(path: Path, content: bytes) -> pd.DataFrame:
    import struct
    import zipfile
    import zlib

    import pandas as pd
    from openpyxl.utils.exceptions import CellCoordinatesException, InvalidFileException

    # what zipfile, zlib and openpyxl raise on damaged workbooks, found by mutating valid ones
    damage = (
        *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
        *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
        *(AssertionError, MemoryError, CellCoordinatesException, InvalidFileException),
        # of either XML parser, lxml's and Python's own
        SyntaxError,
    )
    try:
        frame = pd.read_excel(io.BytesIO(content), engine="openpyxl", na_filter=False, dtype=object)
    except damage as error:
        raise UserError(
            f"{path} is no readable workbook ({_first_line(error)}); save it again as .xlsx or .csv"
        ) from error
    frame.columns = frame.columns.map(str)
    return frame


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines and lines[0] else type(error).__name__
