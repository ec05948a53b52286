"""What the store says of its runs, read without MLflow: no import of seconds, nothing is written.

Every question is one that the tables' keys answer, so a store may have thousands of runs.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cetransfer.errors import UserError
from cetransfer.tracking.manifest import local_path
from cetransfer.tracking.store import SQLITE, local_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Engine

    from cetransfer.settings import TrackingSettings

ARTIFACTS = "/mlruns/artifacts"
#: variables that one statement may have
MOST = 500
#: sorts after whatever else a key or an id goes on with
LAST = chr(0x10FFFF)

PARENT = "mlflow.parentRunId"
KIND = "cetransfer.kind"


@dataclass(frozen=True)
class Run:
    """A run: what its row in the store and its tags say; `artifacts` is None if not on this disk.

    `started` is in milliseconds since 1970.
    """

    id: str
    name: str
    status: str
    started: int
    artifacts: Path | None
    tags: dict[str, str]

    @property
    def kind(self) -> str:
        """What was done: ``"comparison"``, ``"strategy"``, ..."""
        return self.tags.get(KIND, "run")

    def tagged(self, prefix: str) -> dict[str, str]:
        """Return the tags that begin with a prefix, without it."""
        return {
            key.removeprefix(prefix): value
            for key, value in sorted(self.tags.items())
            if key.startswith(prefix)
        }


@dataclass(frozen=True)
class Records:
    """The runs of a store, to be read; `engine` is None where there is no store yet."""

    engine: Engine | None
    uri: str
    root: Path

    def get(self, run_id: str) -> Run | None:
        """Return a run by its full id."""
        return next(iter(self.runs([run_id])), None)

    def runs(self, ids: Sequence[str]) -> list[Run]:
        """Return runs by their full ids, the first started first."""
        found: list[Run] = []
        for first in range(0, len(ids), MOST):
            part = ids[first : first + MOST]
            tags: dict[str, dict[str, str]] = {run_id: {} for run_id in part}
            chosen = {"ids": list(part)}
            for run_id, key, value in self._rows(
                "SELECT run_uuid, key, value FROM tags WHERE run_uuid IN :ids", chosen
            ):
                tags[run_id][key] = value or ""
            found += [
                Run(row[0], row[1] or "", row[2], row[3] or 0, self._folder(row[4]), tags[row[0]])
                for row in self._rows(
                    "SELECT run_uuid, name, status, start_time, artifact_uri FROM runs "
                    "WHERE run_uuid IN :ids AND lifecycle_stage = 'active'",
                    chosen,
                )
            ]
        return sorted(found, key=lambda run: (run.started, run.id))

    def beginning_with(self, prefix: str) -> list[str]:
        """Return the ids of the runs whose id begins so."""
        return self._ids(
            "SELECT run_uuid FROM runs WHERE run_uuid >= :low AND run_uuid < :high "
            "AND lifecycle_stage = 'active'",
            {"low": prefix, "high": prefix + LAST},
        )

    def tagged(self, key: str, value: str | None = None) -> list[str]:
        """Return the ids of the runs with a tag, of that value if one is given."""
        return self._ids(
            "SELECT t.run_uuid FROM tags t JOIN runs r ON r.run_uuid = t.run_uuid "
            "WHERE t.key = :key AND (t.value = :value OR :any) AND r.lifecycle_stage = 'active' "
            "ORDER BY r.start_time, r.run_uuid",
            {"key": key, "value": value, "any": value is None},
        )

    def tagged_beginning(self, key: str, prefix: str) -> list[tuple[str, str]]:
        """Return run id and value of a tag where the value begins so, the first started first."""
        rows = self._rows(
            "SELECT t.run_uuid, t.value FROM tags t JOIN runs r ON r.run_uuid = t.run_uuid "
            "WHERE t.key = :key AND t.value >= :low AND t.value < :high "
            "AND r.lifecycle_stage = 'active' ORDER BY r.start_time, r.run_uuid",
            {"key": key, "low": prefix, "high": prefix + LAST},
        )
        return [(str(run_id), str(value)) for run_id, value in rows]

    def values(self, key: str) -> list[str]:
        """Return the different values of a tag."""
        return self._ids(
            "SELECT DISTINCT value FROM tags WHERE key = :key ORDER BY value", {"key": key}
        )

    def tags_beginning_with(self, prefix: str) -> list[tuple[str, str]]:
        """Return the different tags, key and value, whose key begins so."""
        rows = self._rows(
            "SELECT DISTINCT key, value FROM tags WHERE key >= :low AND key < :high",
            {"low": prefix, "high": prefix + LAST},
        )
        return [(str(key), str(value)) for key, value in rows]

    def params(self, run_id: str) -> dict[str, str]:
        """Return the parameters of a run."""
        rows = self._rows("SELECT key, value FROM params WHERE run_uuid = :id", {"id": run_id})
        return {str(key): str(value) for key, value in rows}

    def _ids(self, statement: str, values: dict[str, Any]) -> list[str]:
        return [str(row[0]) for row in self._rows(statement, values)]

    def _rows(self, statement: str, values: dict[str, Any]) -> Iterable[Any]:
        """Return all rows of an answer.

        Raises
        ------
        UserError
            If the store cannot be read.
        """
        if self.engine is None:
            return []
        from sqlalchemy import bindparam, text
        from sqlalchemy.exc import SQLAlchemyError

        asked = text(statement)
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        if "ids" in used:
            asked = asked.bindparams(bindparam("ids", expanding=True))
        try:
            with self.engine.connect() as connection:
                return connection.execute(asked, used).all()
        except (SQLAlchemyError, sqlite3.Error) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise UserError(
                f"the tracking store {self.uri} cannot be read ({reason}); end what holds it, mend "
                "it, or give tracking.uri=sqlite:////some/other/file.db"
            ) from error

    def _folder(self, address: str | None) -> Path | None:
        """Return where artifacts lie, also after the project's folder was moved."""
        if not address:
            return None
        before, found, after = address.partition(ARTIFACTS)
        if found and before.startswith("file:") and self.uri.endswith("/mlruns/mlflow.db"):
            beside = Path(self.uri.removeprefix(SQLITE)).parent
            return beside / "artifacts" / after.lstrip("/")
        return local_path(address)


def open_records(settings: TrackingSettings, root: Path) -> Records:
    """Open the local store for reading; where there is none, there are no runs.

    Raises
    ------
    UserError
        If the address means nothing.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    uri = local_uri(settings, root)
    plain = uri.startswith(SQLITE) and not uri.startswith(f"{SQLITE}file:")
    if not plain:
        try:
            return Records(create_engine(uri), uri, root)
        except (SQLAlchemyError, ImportError) as error:
            raise UserError(
                f"the tracking store {uri} cannot be read ({error}); correct tracking.uri"
            ) from error
    file = Path(uri.removeprefix(SQLITE))
    if not file.is_file():
        return Records(None, uri, root)
    address = f"file:{quote(str(file.resolve()))}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True)

    return Records(create_engine("sqlite://", creator=connect, poolclass=NullPool), uri, root)
