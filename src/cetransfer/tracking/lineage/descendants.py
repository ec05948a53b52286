"""Everything that a data file, or one row of it, touched."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cetransfer.datasets.locate import files_of
from cetransfer.errors import UserError, nearest
from cetransfer.row_spans import holds
from cetransfer.tracking.lineage.build import document_of, result_folders
from cetransfer.tracking.lineage.facts import (
    DOCUMENTS,
    Facts,
    facts_of_document,
    facts_of_source,
    read_document,
)
from cetransfer.tracking.lineage.last_row import require_row
from cetransfer.tracking.lineage.models import facts_of_model, model_folders
from cetransfer.tracking.records import PARENT
from cetransfer.transfer.strategy import kinds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cetransfer.tracking.records import Records, Run

HASH = re.compile(r"[0-9a-f]{8,64}")

TRAINED = "trained"
REFERENCED = "referenced"
SCALED = "scaled"
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
        ``"trained"``; of one that learns no target row ``"referenced"`` (its labels shifted the
        energy scale) or ``"scaled"`` (scalers stand on it); ``"scored"`` (an error was told of it,
        nothing learnt); or ``"rows not stored"`` where a row was asked for and an older version
        kept no rows.
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
    if row is not None:
        require_row(asked, row, wanted.files, root)
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
            if TRAINED not in each:
                return UNKNOWN if self.row else TRAINED, file, value
            for word in (TRAINED, REFERENCED, SCALED, SCORED):
                spans = each.get(word, "")
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
    facts_of: dict[str, Facts | None] = {}
    found = []
    for run in runs:
        parent = run.tags.get(PARENT)
        top = parent or run.id
        if top not in facts_of:
            facts_of[top] = _facts(records.get(top))
        facts = facts_of[top]
        data = facts.data if facts else []
        if facts is None or not data:
            files = run.tagged("data.")
            data = [{"name": wanted.name, "files": files}]
        elif parent is not None and not run.tagged("source."):
            # neither its network nor its inputs have seen a source
            data = [each for each in data if each["role"] == "target"]
        if facts is not None and run.kind == "strategy":
            data = as_used(data, run.name, facts.config)
        how = wanted.how(data)
        if how is not None:
            found.append(Descendant(run.kind, run.id, run.name, *how, run.started, part_of=parent))
    return found


def _facts(run: Run | None) -> Facts | None:
    """Return what the document of a run says; None where it is not here."""
    document = document_of(run) if run else None
    if run is None or document is None:
        return None
    return facts_of_source(document, run) if run.kind == "source" else facts_of_document(document)


Item = tuple[dict[str, Any], list[tuple[str, str]], list[dict[str, Any]]]
"""What a folder is, the files it used with their hashes, and their rows."""


def _of_folders(root: Path) -> Iterator[Item]:
    """Yield the results and models that stand in the project, logged or not."""
    for folder in result_folders(root):
        kinds = [kind for kind in ("comparison", "sweep") if (folder / DOCUMENTS[kind]).is_file()]
        if not kinds:
            continue
        facts = facts_of_document(read_document(folder / DOCUMENTS[kinds[0]]))
        item = {"kind": kinds[0], "id": facts.key or folder.name, "name": str(folder)}
        yield item, list(facts.files.items()), facts.data
    for folder, id_ in model_folders(root).items():
        facts = facts_of_model(read_document(folder / "model.json"))
        item = {"kind": "model", "id": id_, "name": str(folder)}
        data = as_used(facts.data, facts.strategies[0], facts.config)
        yield item, list(facts.files.items()), data


def as_used(
    data: list[dict[str, Any]], strategy: str, config: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return data sets as a strategy used them: zero_shot learnt no target row."""
    configured = config.get("strategy", {}).get(strategy, {})
    kind = kinds().get(configured.get("kind", strategy))
    if kind is None or kind.learns_target:
        return data
    scalers = config.get("training", {}).get("scaler", {}).values()
    if config.get("dataset", {}).get("reference", "none") != "none":
        word = REFERENCED
    elif any(rows != "source" for rows in scalers):
        word = SCALED
    else:
        word = "unused"
    return [
        {**each, TRAINED: "", word: each[TRAINED]}
        if each.get("role") == "target" and TRAINED in each
        else each
        for each in data
    ]


def _logged(item: dict[str, Any], records: Records) -> bool:
    """Tell whether a folder is told of already, by its run; models are always told of."""
    return item["kind"] != "model" and bool(records.tagged("cetransfer.key", item["id"]))
