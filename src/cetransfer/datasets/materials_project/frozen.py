"""An answer of the Materials Project as one file that says where it comes from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cetransfer.datasets.materials_project.query import Query
from cetransfer.datasets.materials_project.service import COLUMNS
from cetransfer.datasets.origin import Copy
from cetransfer.errors import UserError
from cetransfer.files import read_table, sha256, write_aside

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.datasets.materials_project.service import Answer

METADATA = b"cetransfer.materials_project"
"""Key in the schema metadata of the parquet file; its value is JSON."""

PREFIX = "materials_project-"


@dataclass(frozen=True)
class Frozen:
    """What a frozen answer says of itself.

    Parameters
    ----------
    query
        What was asked for.
    database_version, endpoint
        Of the service.
    retrieved
        Date, ``YYYY-MM-DD`` in UTC.
    entries
        Their number.
    """

    query: Query
    database_version: str
    endpoint: str
    retrieved: str
    entries: int


def frozen_path(query: Query, root: Path) -> Path:
    """Return where the answer to a query is kept in a project; it need not be there."""
    return root / "data" / f"{PREFIX}{query.digest}.parquet"


def frozen_paths(root: Path) -> list[Path]:
    """Return all frozen answers of a project, by name."""
    return sorted((root / "data").glob(f"{PREFIX}*.parquet"))


def copies(root: Path) -> tuple[Copy, ...]:
    """Return the frozen answers of a project as the catalogue shows them.

    Raises
    ------
    UserError
        If one is damaged.
    """
    found = []
    for path in frozen_paths(root):
        about = describe(path)
        details = (
            ("query", str(about.query)),
            ("database", about.database_version),
            ("date", about.retrieved),
            ("rows", str(about.entries)),
        )
        found.append(Copy(about.endpoint, path.name, sha256(path), path, details))
    return tuple(found)


def freeze(answer: Answer, query: Query, path: Path) -> None:
    """Write an answer with what is to be known of it.

    Raises
    ------
    UserError
        As `write_aside`.
    """
    import pyarrow as pa
    from pyarrow import parquet

    about = Frozen(
        query,
        answer.database_version,
        answer.endpoint,
        datetime.now(UTC).date().isoformat(),
        len(answer.entries),
    )
    table = pa.Table.from_pandas(answer.entries, preserve_index=False)
    told = {**(table.schema.metadata or {}), METADATA: json.dumps(asdict(about)).encode()}
    with write_aside(path) as aside:
        parquet.write_table(table.replace_schema_metadata(told), aside)


def describe(path: Path) -> Frozen:
    """Read what a frozen answer says of itself.

    Raises
    ------
    UserError
        If it is damaged or says nothing.
    """
    from pyarrow import ArrowException, parquet

    try:
        about = json.loads(parquet.read_schema(path).metadata[METADATA])
        query = about.pop("query")
        return Frozen(Query(**{**query, "chemsys": tuple(query["chemsys"])}), **about)
    except (ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is no frozen answer of the Materials Project; remove it and run again"
        ) from error


def thaw(path: Path, query: Query) -> tuple[pd.DataFrame, Frozen]:
    """Read a frozen answer to `query`; columns as `Answer.entries`.

    Raises
    ------
    UserError
        If it is damaged or answers another query.
    """
    about = describe(path)
    if about.query != query:
        raise UserError(
            f"{path} answers another query ({about.query}) than its name says ({query}); "
            "remove it and run again"
        )
    try:
        entries = read_table(path)[list(COLUMNS)].astype(COLUMNS)
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} does not hold the columns of a frozen answer; remove it and run again"
        ) from error
    return entries, about
