"""The structures of a table's rows: read and checked in parallel, kept in parts on disk."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.compute.parts import in_parts
from cetransfer.datasets.roles import with_roles
from cetransfer.errors import UserError
from cetransfer.files import write_aside
from cetransfer.progress import say
from cetransfer.provenance import digest
from cetransfer.structures.packed import PackedStructures, join, pack
from cetransfer.structures.read import MOST_BYTES, read_structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pymatgen.core import Structure

    from cetransfer.datasets.roles import Wanted

    Arrays = dict[str, Any]

PART = 200
"""Rows that are read and written down at once: a few seconds of work."""

VERSION = 1
"""To be raised when the rules of reading or of roles change, so that nothing old is taken up."""

LONGEST = 300
"""Characters of a message."""

ENDINGS = ("", ".cif", ".vasp", ".json")
"""What may be missing in the name of a file."""


@dataclass(frozen=True)
class Cell:
    """A cell of the column of structures: its bytes, the file's ending, or why there are none."""

    content: bytes
    ending: str = ""
    problem: str = ""


@dataclass(frozen=True)
class ReadStructures:
    """All structures, empty where there is a problem; the problems; SHA-256 of what was read."""

    structures: PackedStructures
    problems: list[str]
    sha256: str


def read_structures(
    cells: Sequence[object], wanted: Sequence[Wanted | None], folder: Path, cache: Path
) -> ReadStructures:
    """Read the structure of every row.

    Parameters
    ----------
    cells
        The text of a CIF, a POSCAR or a pymatgen JSON, or the name of such a file.
    wanted
        Roles by the row's formula; None to order the elements of the structure.
    folder
        Where files are, unless their path is absolute.
    cache
        Finished parts are kept here under a key of their content, so that a killed run goes on,
        and the next one only reads what has changed.

    Raises
    ------
    UserError
        If `cache` cannot be written. What is wrong with a row is in the result.
    """
    parts = [slice(first, first + PART) for first in range(0, len(cells), PART)]
    keys, hasher = [], hashlib.sha256()
    for part in parts:
        key, hashes = _key([_cell(one, folder) for one in cells[part]], wanted[part])
        keys.append(key)
        hasher.update("".join(hashes).encode())
    missing = [i for i, key in enumerate(keys) if not (cache / f"{key}.npz").is_file()]

    def calls() -> Iterator[tuple[list[Cell], Sequence[Wanted | None]]]:
        for i in missing:
            content = [_cell(one, folder) for one in cells[parts[i]]]
            # of what is read now: a file may have changed since
            keys[i], _ = _key(content, wanted[parts[i]])
            yield content, wanted[parts[i]]

    def keep(place: int, arrays: Arrays) -> None:
        _write(arrays, cache / f"{keys[missing[place]]}.npz")

    if missing:
        if len(missing) < len(parts):
            say(f"going on: {len(parts) - len(missing)} of {len(parts)} parts are there already")
        in_parts(
            read_part,
            calls(),
            keep,
            len(missing),
            f"reading {len(cells)} structures",
            most_workers=len(missing) // 2,
        )
    packs, problems = [], []
    for i, key in enumerate(keys):
        found = _stored(cache / f"{key}.npz")
        if found is None:  # damaged: done again
            content = [_cell(one, folder) for one in cells[parts[i]]]
            _write(read_part(content, wanted[parts[i]]), cache / f"{key}.npz")
            found = _stored(cache / f"{key}.npz")
        if found is None:
            raise UserError(f"{cache / key}.npz cannot be read; remove the folder {cache}")
        packs.append(found[0])
        problems += found[1]
    return ReadStructures(join(packs), problems, hasher.hexdigest())


def read_part(cells: Sequence[Cell], wanted: Sequence[Wanted | None]) -> Arrays:
    """Read the structures of some rows; return them, with what is wrong, as named arrays."""
    structures: list[Structure | None] = []
    problems = []
    for cell, roles in zip(cells, wanted, strict=True):
        found, problem = None, cell.problem
        if not problem:
            try:
                # elements without an electronegativity are nothing to warn of
                with warnings.catch_warnings(action="ignore"):
                    found = with_roles(read_structure(cell.content, cell.ending), roles)
            except UserError as error:
                problem = f"{error}".replace("\0", " ")[:LONGEST]
        structures.append(found)
        problems.append(problem)
    # text in a fixed width would take the longest message's room for every row
    text = np.frombuffer("\0".join(problems).encode(), np.uint8)
    return {"problems": text, **pack(structures).arrays()}


def _write(arrays: Arrays, path: Path) -> None:
    with write_aside(path) as aside, aside.open("wb") as stream:
        np.savez(stream, **arrays)


def _stored(path: Path) -> tuple[PackedStructures, list[str]] | None:
    """Read a finished part; None if it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            text = arrays["problems"].tobytes().decode()
            names = PackedStructures.__dataclass_fields__
            return PackedStructures(**{name: arrays[name] for name in names}), text.split("\0")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _key(cells: Sequence[Cell], wanted: Sequence[Wanted | None]) -> tuple[str, list[str]]:
    """Return the key of a part, of all that decides what is read, and the hash of each cell."""
    hashes = [hashlib.sha256(cell.content).hexdigest() for cell in cells]
    rows = [
        (found, cell.ending, cell.problem, repr(roles))
        for found, cell, roles in zip(hashes, cells, wanted, strict=True)
    ]
    return digest([VERSION, importlib.metadata.version("pymatgen"), rows])[:32], hashes


def _cell(value: object, folder: Path) -> Cell:
    """Return the content of a cell, or of the file it names."""
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        return Cell(b"", problem="there is none; name a file or give its text")
    text = value.strip()
    if "\n" in text or text.startswith("{"):
        # as it stands: the first line of a POSCAR may be blank
        return Cell(value.encode(errors="replace"))
    if re.search(r"[\x00-\x1f]", text) or len(text) > 1000:  # noqa: PLR2004 - no file's name
        return Cell(b"", problem="it is neither the name of a file nor a CIF, POSCAR or JSON")
    for ending in ENDINGS:
        path = folder / f"{text}{ending}"
        try:
            if not path.is_file():
                continue
            with path.open("rb") as stream:
                return Cell(stream.read(MOST_BYTES + 1), path.suffix)
        except OSError as error:
            return Cell(b"", problem=f"cannot read {path}: {error.strerror}; check the name")
    shown = folder / text
    return Cell(b"", problem=f"no file {shown}; check the name, or set the key structures=FOLDER")
