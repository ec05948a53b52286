"""From what the user calls a run to the folder of its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError, nearest
from cetransfer.files import read_json
from cetransfer.tracking.lineage.facts import DOCUMENTS
from cetransfer.tracking.records import PARENT

if TYPE_CHECKING:
    from cetransfer.tracking.records import Records, Run

REPORTED = {kind: DOCUMENTS[kind] for kind in ("comparison", "paper2023", "sweep", "screen")}
"""By kind of result that a report is made of, the file that says the most of it."""

SHOWN = 5

REMEDY = "give a folder of results, its name, or an MLflow run's id or its beginning"


@dataclass(frozen=True)
class Found:
    """A result: its kind, its document, its folder, and what its report is called."""

    kind: str
    document: dict[str, Any]
    folder: Path
    name: str


def find_result(word: str, records: Records, root: Path) -> Found:
    """Return the result that goes by a path, a name or the id of a run.

    Raises
    ------
    UserError
        If there is none, or several, or a run's files are not here.
    """
    if not word.strip():
        raise UserError(f"an empty name names no run; {REMEDY}")
    path = Path(word)
    for place in dict.fromkeys((path, root / path)):
        folder = place.parent if place.is_file() else place
        if (kind := _kind(folder)) is not None:
            return _found(kind, folder)
        if place.is_dir():
            raise UserError(
                f"{place} holds no result that a report is made of "
                f"({', '.join(REPORTED.values())}); {REMEDY}"
            )
    named = [folder for folder in _folders(root) if folder.name == word]
    whole = records.get(word)
    runs = [whole] if whole else records.runs(records.beginning_with(word))
    # a comparison and the strategies of it may begin alike
    tops = {top.id: top for top in (_top(run, records) for run in runs)}
    if len(named) + len(tops) > 1:
        listed = [*map(str, named), *(f"run {run.id} ({run.name})" for run in tops.values())]
        more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
        raise UserError(
            f"{word} names {len(listed)} results: {', '.join(listed[:SHOWN])}{more}; give more of "
            "it, or the folder"
        )
    if named:
        return _found(str(_kind(named[0])), named[0])
    for run in tops.values():
        return _of_run(run)
    names = [*(folder.name for folder in _folders(root)), *records.beginning_with(word[:4])]
    store = "" if records.engine is not None else f" (there is no store {records.uri} yet)"
    raise UserError(
        f"nothing goes by {word!r} in this project{store}; {nearest(word, names, REMEDY)}"
    )


def _top(run: Run, records: Records) -> Run:
    """Return the whole that a strategy or a baseline is part of."""
    above = records.get(run.tags.get(PARENT, ""))
    return above or run


def _of_run(run: Run) -> Found:
    if run.artifacts is None:
        raise UserError(
            f"the files of run {run.id} ({run.name}) are on another machine; give the folder of "
            "its result"
        )
    kind = _kind(run.artifacts)
    if kind is None:
        raise UserError(
            f"run {run.id} ({run.name}, {run.kind}, {run.status.lower()}) has no result that a "
            f"report is made of in {run.artifacts}; reports are of comparisons, sweeps and "
            "screenings that ended, so run it to its end or name another"
        )
    return _found(kind, run.artifacts)


def _found(kind: str, folder: Path) -> Found:
    document = read_json(folder / REPORTED[kind])
    key = str(document.get("key", ""))[:8]
    own = folder.resolve().name
    if own == "artifacts":
        called = {"comparison": "dataset", "sweep": "sweep", "screen": "name"}
        own = str(document.get(called.get(kind, ""), kind))
    name = "".join(each if each.isalnum() or each in "-_." else "_" for each in own).strip(".")
    return Found(kind, document, folder, name if name.endswith(key) else f"{name}-{key}")


def _kind(folder: Path) -> str | None:
    return next((kind for kind, file in REPORTED.items() if (folder / file).is_file()), None)


def _folders(root: Path) -> list[Path]:
    """Return the folders of results in their usual places."""
    found = {
        path.parent for file in REPORTED.values() for path in (root / "outputs").glob(f"*/*/{file}")
    }
    return sorted(found)
