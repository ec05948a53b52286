"""Everything that a data file, or one row of it, touched."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cetransfer.datasets.locate import files_of
from cetransfer.errors import UserError, nearest
from cetransfer.row_spans import holds
from cetransfer.tracking.lineage.build import comparison_folders, document_of
from cetransfer.tracking.lineage.facts import facts_of_document, facts_of_source, read_document
from cetransfer.tracking.lineage.models import facts_of_model, model_folders
from cetransfer.tracking.records import PARENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cetransfer.tracking.records import Records, Run

HASH = re.compile(r"[0-9a-f]{8,64}")

TRAINED = "trained"
SCORED = "scored"
UNKNOWN = "rows not stored"


@dataclass(frozen=True)
class Descendant:
    """Something that was touched.

    Parameters
    ----------
    kind, id, name
        Of the run, the model folder or the folder of a result.
    how
        ``"trained"``, ``"scored"`` (an error was told of it, nothing learnt), or
        ``"rows not stored"`` where a row was asked for and an older version kept no rows.
    file, sha256
        Which file, and which version of it.
    part_of
        The comparison that it is part of.
    """

    kind: str
    id: str
    name: str
    how: str
    file: str
    sha256: str
    started: int | None = None
    part_of: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def split_row(asked: str) -> tuple[str, int | None]:
    """Take ``DATASET[:ROW]`` apart.

    Raises
    ------
    UserError
        If there is no data set, or the row is below 1: the first row below the header is 1.
    """
    name, colon, row = asked.rpartition(":")
    if not colon or not re.fullmatch(r"-?\d+", row):
        name, number = asked, None
    else:
        number = int(row)
        if number < 1:
            raise UserError(f"{asked}: rows are counted from 1, the first below the header")
    if not name:
        raise UserError("give a data set, its file or a SHA-256: --descendants DATASET[:ROW]")
    return name, number


def descendants(asked: str, records: Records, root: Path) -> list[Descendant]:
    """Return every run, and every model or result whose run is gone, that some data touched.

    Parameters
    ----------
    asked
        A data set's name, a file's name, or a SHA-256 or its beginning (8 digits or more), and a
        row after a colon.
    records, root
        The runs of the store, and the project's folder.

    Raises
    ------
    UserError
        If no run, model or result knows such data.
    """
    name, row = split_row(asked)
    folders = list(_of_folders(root))
    tags = records.tags_beginning_with("data.")
    files = {(key.removeprefix("data."), value) for key, value in tags}
    files |= {pair for _, pairs, _ in folders for pair in pairs}
    named = {key.removeprefix("dataset.") for key, _ in records.tags_beginning_with("dataset.")}
    named |= {each["name"] for _, _, data in folders for each in data}
    wanted = Wanted(name, row, _chosen(name, files))
    if not wanted.files and name not in named:
        known = sorted({*named, *(file for file, _ in files)})
        hint = nearest(name, known, "known are " + (", ".join(known[:12]) or "none yet"))
        raise UserError(f"no run, model or result used data called {name!r}; {hint}")
    ids = set(records.tagged(f"dataset.{name}"))
    for file, value in wanted.files:
        ids.update(records.tagged(f"data.{file}", value))
    runs = records.runs(sorted(ids))
    found = _of_runs(runs, wanted, records)
    seen = {each.id for each in found}
    for item, _, data in folders:
        how = wanted.how(data)
        if how is not None and item["id"] not in seen and not _logged(item, records):
            found.append(Descendant(**item, how=how[0], file=how[1], sha256=how[2]))
    return found


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a data set's name or the files that were meant, and a row of them."""

    name: str
    row: int | None
    files: frozenset[tuple[str, str]]

    def how(self, data: list[dict[str, Any]]) -> tuple[str, str, str] | None:
        """Return how rows of data sets were used, of which file and version; None if not at all."""
        for each in data:
            own = [pair for pair in each["files"].items() if pair in self.files]
            if not own and each["name"] != self.name:
                continue
            file, value = own[0] if own else next(iter(each["files"].items()), (self.name, ""))
            for word in (TRAINED, SCORED):
                spans = each.get(word)
                if spans is None:
                    return UNKNOWN if self.row else TRAINED, file, value
                if holds(spans, self.row) if self.row else spans:
                    return word, file, value
        return None


def _chosen(name: str, files: set[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return the files, with their hashes, that a name or a hash means."""
    if HASH.fullmatch(name) and (by_hash := {pair for pair in files if pair[1].startswith(name)}):
        return frozenset(by_hash)
    known = files_of(name)
    return frozenset(
        (file, value)
        for file, value in files
        if file in {name, *known} or file.rpartition("/")[2] == name or name.endswith(f"/{file}")
    )


def _of_runs(runs: list[Run], wanted: Wanted, records: Records) -> list[Descendant]:
    """Return what each run used; strategies and baselines used what their comparison did."""
    data_of: dict[str, list[dict[str, Any]] | None] = {}
    found = []
    for run in runs:
        parent = run.tags.get(PARENT)
        top = parent or run.id
        if top not in data_of:
            data_of[top] = _data(records.get(top))
        data = data_of[top]
        if data is None:
            files = run.tagged("data.")
            data = [{"name": wanted.name, "files": files}]
        elif parent is not None and not run.tagged("source."):
            # neither its network nor its inputs have seen a source
            data = [each for each in data if each["role"] == "target"]
        how = wanted.how(data)
        if how is not None:
            found.append(Descendant(run.kind, run.id, run.name, *how, run.started, part_of=parent))
    return found


def _data(run: Run | None) -> list[dict[str, Any]] | None:
    """Return the rows of each data set that a run used; None where they were not stored."""
    document = document_of(run) if run else None
    if run is None or document is None:
        return None
    facts = facts_of_source(document, run) if run.kind == "source" else facts_of_document(document)
    return facts.data or None


Item = tuple[dict[str, Any], list[tuple[str, str]], list[dict[str, Any]]]
"""What a folder is, the files it used with their hashes, and their rows."""


def _of_folders(root: Path) -> Iterator[Item]:
    """Yield the results and models that stand in the project, logged or not."""
    for folder in comparison_folders(root):
        path = folder / "comparison.json"
        if not path.is_file():
            continue
        facts = facts_of_document(read_document(path))
        item = {"kind": "comparison", "id": facts.key or folder.name, "name": str(folder)}
        yield item, list(facts.files.items()), facts.data
    for folder, id_ in model_folders(root).items():
        facts = facts_of_model(read_document(folder / "model.json"))
        item = {"kind": "model", "id": id_, "name": str(folder)}
        yield item, list(facts.files.items()), facts.data


def _logged(item: dict[str, Any], records: Records) -> bool:
    """Tell whether a folder is told of already, by its run; models are always told of."""
    return item["kind"] == "comparison" and bool(records.tagged("cetransfer.key", item["id"]))
