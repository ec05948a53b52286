"""Files that are whole or not there, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd


@contextmanager
def write_aside(path: Path, remedy: str = "output_dir=/tmp/cetransfer") -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed onto it at the end and removed on failure.

    The path may become a file or a folder; a folder replaces no other. `remedy` is an example of
    what the user could give in place of a folder that cannot be written.

    Raises
    ------
    UserError
        If the folder cannot be made or written to.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield aside
            aside.replace(path)
        finally:
            if aside.is_dir():
                shutil.rmtree(aside)
            else:
                aside.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; "
            f"give a writable folder, for example {remedy}"
        ) from error


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document as indented JSON.

    Raises
    ------
    UserError
        As `write_aside`.
    """
    with write_aside(path) as aside:
        aside.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a document of our own.

    Raises
    ------
    UserError
        If it is damaged.
    """
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}); remove it and run again") from error
    if not isinstance(document, dict):
        raise UserError(f"{path} is damaged (it is no object); remove it and run again")
    return document


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn what goes wrong with an output folder into one line that names it.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot write {folder}: {error.strerror}; give output_dir=FOLDER that is writable"
        ) from error


def move_files(staged: Path, output: Path, last: str) -> None:
    """Move all files of a folder over those of the same name in another, one of them at the end.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    with writing_to(output):
        for path in sorted(staged.iterdir(), key=lambda path: path.name == last):
            path.replace(output / path.name)


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a parquet file of our own, or some columns of it.

    Raises
    ------
    UserError
        If it is damaged.
    """
    import pandas as pd
    from pyarrow import ArrowException

    try:
        return pd.read_parquet(path, columns=columns)
    except (ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} is damaged ({reason}); remove it and run again") from error


def utf8_text(content: bytes, name: str) -> str:
    """Return the text of a file that somebody else wrote; `name` is what to call it.

    Raises
    ------
    UserError
        Naming the line that is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"{name} is not UTF-8 text (line {line}; Latin-1?); save it with the encoding UTF-8"
        ) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
