"""What is to be reproduced: its configuration, its commit, and the numbers that came out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.models.folder import DESCRIPTION, TARGET
from cetransfer.models.output import record_of
from cetransfer.tracking.lineage.build import document_of
from cetransfer.tracking.lineage.facts import DOCUMENTS, read_document
from cetransfer.tracking.lineage.resolve import lineage_of
from cetransfer.tracking.records import PARENT

if TYPE_CHECKING:
    from cetransfer.tracking.lineage.graph import Graph, Node
    from cetransfer.tracking.records import Records, Run

TABLES = {
    "comparison": "predictions.parquet",
    "paper2023": "paper2023.csv",
    "sweep": "trials.parquet",
    "screen": "shortlist.csv",
}
COMMANDS = {
    "comparison": "compare",
    "paper2023": "compare",
    "sweep": "sweep",
    "screen": "screen",
}
SOURCE_FILE = "model.safetensors"


@dataclass(frozen=True)
class Work:
    """One thing that was run.

    Parameters
    ----------
    command
        ``"compare"``, ``"sweep"``, ``"screen"`` or ``"train"``.
    document
        With the configuration, the commit and the hashes of the data.
    result
        The file with the numbers that came out; None where it is not here any more.
    line
        The strategy or baseline that is asked for, if it is one.
    nets
        Key of the source nets that are asked for, if it is these.
    model
        Is a model asked for whose comparison is not here: its own description says all.
    asked
        If a table of predictions is asked for, the formulas and files that were predicted.
    """

    command: str
    document: dict[str, Any]
    result: Path | None
    line: str | None = None
    nets: str | None = None
    model: bool = False
    asked: tuple[str, ...] = ()

    @property
    def predictions(self) -> str:
        """The file name of predictions that are made again; empty where none are."""
        return f"predictions{self.result.suffix}" if self.asked and self.result else ""

    @property
    def key(self) -> str:
        """Of the whole work."""
        return str(self.nets or self.document.get("key", "unknown"))

    @property
    def commit(self) -> str | None:
        """The git commit; None where it was run outside a repository."""
        commit = self.document.get("commit")
        return None if commit is None else str(commit)

    @property
    def published(self) -> bool:
        """Is it the paper's procedure, which is fixed but for its seed."""
        return (
            "recipe" in self.document and "protocol" in self.document and "folds" in self.document
        )


def work_of(identifier: str, records: Records, root: Path) -> Work:
    """Return what made the thing that goes by an id, as `lineage_of` takes it.

    Raises
    ------
    UserError
        As `lineage_of`, or if what it was made with is not known any more.
    """
    graph = lineage_of(identifier, records, root)
    for node in graph.nodes.values():
        if node.kind in {*TABLES, "strategy", "baseline"}:
            work = _result(node, records, root) or _model(graph, node)
            return _of_predictions(work, graph.root)
        if node.kind == "source_nets" and "key" in node.details:
            return _nets(node, records, root)
    raise UserError(
        f"{identifier} is {graph.root.kind} {graph.root.name}, and nothing in this project says "
        "how it was made; reproduce takes comparisons, sweeps, screenings, their reports, "
        "strategies, models and source nets"
    )


def _result(node: Node, records: Records, root: Path) -> Work | None:
    """Return the work of a result or a line of one; None where only its model is here."""
    details = node.details
    if details.get("folder"):
        folder = Path(details["folder"])
        kind = node.kind
        document = read_document(folder / DOCUMENTS[kind])
        return Work(COMMANDS[kind], document, _there(folder / TABLES[kind]))
    run = records.get(details.get("run") or "")
    if run is None:
        return _by_key(node, records, root)
    top = records.get(run.tags.get(PARENT, "")) or run
    document = _document(top)
    result = _there(top.artifacts / TABLES[top.kind]) if top.artifacts else None
    return Work(COMMANDS[top.kind], document, result, None if top is run else run.name)


def _of_predictions(work: Work, node: Node) -> Work:
    """Return the work of a table of predictions, which ends with predicting the same again.

    A table without its record, or that is another one by now, is as far known as its model.
    """
    if node.kind != "prediction":
        return work
    path = Path(node.details["file"])
    record = record_of(path)
    told = read_document(record) if record.is_file() else {}
    if told.get("sha256") != node.details["sha256"] or not told.get("asked"):
        return work
    return replace(work, result=path, asked=tuple(map(str, told["asked"])))


def _by_key(node: Node, records: Records, root: Path) -> Work | None:
    """Return the work of a model whose own run is not here: a comparison of the same key."""
    key = node.details.get("key")
    for run in records.runs(records.tagged("cetransfer.key", key) if key else []):
        if run.kind == "comparison" and (document := document_of(run)):
            result = _there(run.artifacts / TABLES["comparison"]) if run.artifacts else None
            return Work("compare", document, result, node.name)
    for path in sorted((root / "outputs" / "compare").glob("*/comparison.json")):
        document = read_document(path)
        if key and document.get("key") == key:
            return Work("compare", document, _there(path.parent / TABLES["comparison"]), node.name)
    return None


def _model(graph: Graph, node: Node) -> Work:
    """Return the work of a model whose comparison is not here, from its own description.

    Raises
    ------
    UserError
        If that is not here either.
    """
    folders = [each.details.get("folder") for each in graph.nodes.values() if each.kind == "model"]
    if not folders or folders[0] is None:
        raise UserError(
            f"the comparison {node.details.get('key')} that made {node.name} is not in this "
            "project, so its configuration is not known; name a run, or the folder of its result"
        )
    folder = Path(folders[0])
    about = read_document(folder / DESCRIPTION)
    document = {**about, "key": about["comparison"]}
    return Work("compare", document, _there(folder / TARGET), node.name, model=True)


def _nets(node: Node, records: Records, root: Path) -> Work:
    """Return the work of source nets: the configuration is that of a comparison that used them."""
    key = str(node.details["key"])
    for run_id in node.details.get("runs", []):
        net = records.get(run_id)
        number = net.tags.get("cetransfer.source_net", "/").split("/")[1] if net else ""
        for run in records.runs(records.tagged(f"source.{number}", run_id)):
            top = records.get(run.tags.get(PARENT, "")) or run
            document = document_of(top)
            if document is not None:
                return Work("train", document, _weights(node), nets=key)
    for path in sorted((root / "outputs" / "compare").glob("*/comparison.json")):
        document = read_document(path)
        if document.get("source_nets", {}).get("key") == key:
            return Work("train", document, _weights(node), nets=key)
    raise UserError(
        f"no comparison that used source nets {key} is in this project, so their configuration is "
        "not known; name a comparison"
    )


def _weights(node: Node) -> Path | None:
    return _there(Path(node.details["folder"]) / SOURCE_FILE)


def _document(run: Run) -> dict[str, Any]:
    document = document_of(run)
    if document is None:
        raise UserError(
            f"the artifacts of run {run.id} are not in {run.artifacts}, and with them its "
            "configuration is gone; name the folder of its result"
        )
    return document


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None
