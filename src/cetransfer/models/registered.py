"""Model versions of the local MLflow registry, read from its file: MLflow takes seconds to import.

The registry is the only place that says which version is the champion, so nothing can disagree.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from cetransfer.errors import UserError, nearest
from cetransfer.models.folder import described
from cetransfer.tracking.store import database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "cetransfer"
"""Name in the registry that `champion` alone belongs to."""

CHAMPION = "champion"

MODEL = "cetransfer.model"
"""Tag of a version: the id of its model."""

ARTIFACTS = "/mlruns/artifacts/"

INSIDE = ("data", "model")
"""Where the model's folder is in a package."""

WORD = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<number>\d+)|@(?P<alias>[^/@]+))")

_VERSIONS = (
    "SELECT v.version, v.source, t.value FROM model_versions v "
    "LEFT JOIN model_version_tags t ON t.name = v.name AND t.version = v.version AND t.key = ? "
    "WHERE v.name = ? AND v.current_stage <> 'Deleted_Internal' "
)


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Parameters
    ----------
    name, number
        In the registry.
    model
        The id of the model that was registered.
    package
        The folder that MLflow serves.
    """

    name: str
    number: int
    model: str
    package: Path

    @property
    def folder(self) -> Path:
        """The folder of the model."""
        return self.package.joinpath(*INSIDE)

    @property
    def words(self) -> str:
        """What to call it."""
        return f"version {self.number} of {self.name} (model {self.model})"


def is_registered_word(word: str) -> bool:
    """Tell whether a word names a version: ``champion``, or an address that MLflow knows."""
    return word == CHAMPION or word.startswith("models:")


def find_version(word: str, root: Path) -> Version:
    """Return the version that a word names, its folder being that of the registered model.

    Parameters
    ----------
    word
        ``champion``, ``models:/NAME@ALIAS`` or ``models:/NAME/NUMBER``.
    root
        The project's folder.

    Raises
    ------
    UserError
        If there is none, the registry cannot be read, or the folder holds another model.
    """
    found = WORD.fullmatch(f"models:/{NAME}@{CHAMPION}" if word == CHAMPION else word)
    if found is None:
        raise UserError(
            f"{word} is no address of a model; give models:/{NAME}@{CHAMPION}, or with a number "
            f"models:/{NAME}/1"
        )
    name, alias = found["name"], found["alias"]
    version = (
        by_alias(name, alias, root)
        if alias
        else _one(name, "v.version = ?", str(int(found["number"])), root)
    )
    if version is None:
        raise UserError(_unknown(name, alias, found["number"], root))
    held = described(version.folder).get("id")
    if held != version.model:
        raise UserError(
            f"{version.words} is not what lies in {version.folder}, model {held}; "
            "register it anew (cetransfer register MODEL)"
        )
    return version


def by_alias(name: str, alias: str, root: Path) -> Version | None:
    """Return the version of an alias, None if there is none."""
    asked = "SELECT version FROM registered_model_aliases WHERE name = v.name AND alias = ?"
    return _one(name, f"v.version = ({asked})", alias, root)


def of_model(name: str, model: str, root: Path) -> Version | None:
    """Return the latest version that was registered of a model, None if there is none."""
    return _one(name, "t.value = ?", model, root)


def _one(name: str, condition: str, value: str, root: Path) -> Version | None:
    statement = f"{_VERSIONS} AND {condition} ORDER BY v.version DESC LIMIT 1"
    for number, source, model in _rows(root, statement, (MODEL, name, value)):
        # where the project is now, also after it was moved
        _, _, place = str(source).partition(ARTIFACTS)
        package = root / "mlruns" / "artifacts" / unquote(place)
        return Version(name, int(number), str(model), package)
    return None


def _rows(root: Path, statement: str, values: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the answer to a question; none where there is no store yet.

    Raises
    ------
    UserError
        If the store cannot be read.
    """
    file = database(root)
    if not file.is_file():
        return []
    try:
        address = f"file:{quote(str(file.resolve()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return connection.execute(statement, tuple(values)).fetchall()
    except sqlite3.Error as error:
        raise UserError(
            f"the registry in {file} cannot be read ({error}); end what holds it, or mend it"
        ) from error


def _unknown(name: str, alias: str | None, number: str, root: Path) -> str:
    names = [row[0] for row in _rows(root, "SELECT name FROM registered_models", ())]
    remedy = "`cetransfer promote MODEL` makes one"
    if name == NAME and alias == CHAMPION:
        return f"there is no champion yet in {database(root)}; {remedy}"
    if name not in names:
        known = f"known are {', '.join(sorted(names))}" if names else remedy
        return f"there is no registered model {name!r}; {nearest(name, names, known)}"
    if alias:
        statement = "SELECT alias FROM registered_model_aliases WHERE name = ?"
        aliases = [row[0] for row in _rows(root, statement, (name,))]
        known = f"known are {', '.join(sorted(aliases))}" if aliases else remedy
        return f"registered model {name} has no alias {alias!r}; {nearest(alias, aliases, known)}"
    numbers = [str(row[0]) for row in _rows(root, _VERSIONS, (MODEL, name))]
    known = f"known are {', '.join(numbers[:10])}" if numbers else "it has none"
    return f"registered model {name} has no version {number}; {known}"
