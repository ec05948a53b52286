"""The folder of a model: plain files and `model.json`, which names the SHA-256 of each and an id.

Reading it runs no code: the numbers are safetensors, the rest is JSON and, for a prototype of the
user's own, a CIF.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.files import sha256, write_aside, write_json
from cetransfer.provenance import digest

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = "model.json"
TARGET = "target.safetensors"
SOURCE = "source.safetensors"

FORMAT = 1
"""To be raised when a folder of before could no longer be read, or would predict something else."""

ID_LENGTH = 16

REMEDY = "get the folder anew (cetransfer export; dvc pull for the default model)"


def seal(folder: Path, about: dict[str, Any]) -> str:
    """Write the description of a folder whose other files are there, and return the model's id.

    The id is the beginning of the SHA-256 of the description, hashes of all files included. A
    folder without a description is unfinished and no model.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    described = {
        **about,
        "format": FORMAT,
        "files": {path.name: sha256(path) for path in sorted(folder.iterdir())},
    }
    described["id"] = identity(described)
    write_json(folder / DESCRIPTION, described)
    return str(described["id"])


def read(folder: Path) -> dict[str, Any]:
    """Return the description of a model none of whose files was changed.

    Raises
    ------
    UserError
        Naming the file that is missing or changed, or if the format is unknown.
    """
    about = described(folder)
    if about.get("format") != FORMAT:
        raise UserError(
            f"{folder} is a model of format {about.get('format')!r}, this version reads {FORMAT}; "
            "install the version of cetransfer that made it"
        )
    if about.get("id") != identity(about):
        raise UserError(f"{folder / DESCRIPTION} was changed; {REMEDY}")
    files = about.get("files")
    if not isinstance(files, dict) or TARGET not in files:
        raise UserError(f"{folder / DESCRIPTION} names no networks; {REMEDY}")
    for name, expected in files.items():
        if "/" in name or "\\" in name or name.startswith("."):
            raise UserError(f"{folder / DESCRIPTION} names the file {name!r} elsewhere; {REMEDY}")
        try:
            found = sha256(folder / name)
        except OSError as error:
            raise UserError(f"cannot read {folder / name} ({error.strerror}); {REMEDY}") from error
        if found != expected:
            raise UserError(
                f"{folder / name} was changed: its SHA-256 is not that of {DESCRIPTION}; {REMEDY}"
            )
    return about


def described(folder: Path) -> dict[str, Any]:
    """Return the description of a model as it stands.

    Raises
    ------
    UserError
        If there is none.
    """
    path = folder / DESCRIPTION
    try:
        about = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"{path} cannot be read ({reason}); {REMEDY}") from error
    if not isinstance(about, dict):
        raise UserError(f"{path} describes no model; {REMEDY}")
    return about


def copy(folder: Path, place: Path, further: dict[str, str]) -> None:
    """Copy a model, and nothing else that lies in its folder, to a place that holds nothing yet.

    `further` are texts that go along, by file name.

    Raises
    ------
    UserError
        If a file was changed, there is something at the place, or it cannot be written.
    """
    files = read(folder)["files"]
    if place.exists():
        raise UserError(f"{place} is there already; remove it or give output=FOLDER")
    with write_aside(place, "output=FOLDER") as aside:
        aside.mkdir()
        for name in (*files, DESCRIPTION):
            shutil.copyfile(folder / name, aside / name)
        for name, text in further.items():
            (aside / name).write_text(text)


def identity(described: dict[str, Any]) -> str:
    """Return the id that goes with a description."""
    return digest({key: value for key, value in described.items() if key != "id"})[:ID_LENGTH]
