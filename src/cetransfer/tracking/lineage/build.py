"""The graph of one thing that a number may come from: a run, a result's folder, a model, a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.tracking.lineage.facts import (
    DOCUMENTS,
    REPORT_DOCUMENT,
    REPORT_PAGE,
    Facts,
    commit_of,
    facts_of_document,
    facts_of_run,
    facts_of_source,
    read_document,
)
from cetransfer.tracking.lineage.graph import Graph, Node
from cetransfer.tracking.lineage.parts import SOURCE_NET, Parts
from cetransfer.tracking.records import PARENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from cetransfer.tracking.records import Records, Run

KEY = "cetransfer.key"


@dataclass
class Builder:
    """Builds one graph; what is asked for first is its root.

    `model_graph` gives the graph of a model by its id, for work that rests on one.
    """

    records: Records
    root: Path
    graph: Graph = field(default_factory=Graph)
    model_graph: Callable[[str], Graph] | None = None

    @property
    def _parts(self) -> Parts:
        return Parts(self.graph, self.records, self.root)

    def run(self, run: Run, above: Node | None = None) -> Graph:
        """Enter a run of any kind.

        Raises
        ------
        UserError
            If cetransfer did not log it.
        """
        if run.kind in {"strategy", "baseline"}:
            self._line(run, above)
        elif run.kind == "source":
            key = run.tags.get(SOURCE_NET, "").split("/")[0]
            document = document_of(run)
            facts = facts_of_source(document, run) if document else facts_of_run(run, key)
            self._parts.source_nets(key, facts, above or self._net(run))
        elif run.kind == "trial":
            self._trial(run)
        elif run.kind in RESULTS:
            document = document_of(run)
            facts = facts_of_document(document) if document else facts_of_run(run)
            if document and "commit" not in document:
                commit, dirty = commit_of(run)
                facts = replace(facts, commit=commit, dirty=dirty)
            self._whole(run.kind, run.name, facts, _about_run(run), above)
        else:
            raise UserError(
                f"run {run.id} ({run.name}) was not logged by cetransfer, so nothing is known of "
                "what it rests on; name another run"
            )
        return self.graph

    def result(self, folder: Path, above: Node | None = None) -> Graph:
        """Enter the folder of a comparison or a sweep, with its runs where there are some."""
        kind = next(kind for kind in RESULTS if (folder / DOCUMENTS[kind]).is_file())
        path = folder / DOCUMENTS[kind]
        document = read_document(path)
        facts = facts_of_document(document)
        runs = self.records.tagged(KEY, facts.key) if facts.key else []
        own = [run.id for run in self.records.runs(runs) if run.kind == kind]
        details = {"folder": str(folder), "runs": own}
        self._whole(kind, folder.name, facts, details, above)
        return self.graph

    def source_folder(self, folder: Path) -> Graph:
        """Enter a folder of source nets."""
        about = read_document(folder / "model.json")
        key = str(about.get("key", folder.name))
        facts = facts_of_source(about, None)
        config = {"source_dir": str(folder.parent)}
        stack = {"key": key, "sha256": about.get("sha256"), "earlier": about.get("earlier")}
        stack["sources"] = about.get("sources", [])
        facts = Facts(**{**vars(facts), "config": config, "stacks": {key: stack}})
        top = Node("top", "model", folder.name)
        self._parts.source_nets(key, facts, top)
        self.graph.edges = [edge for edge in self.graph.edges if edge[0] != top.id]
        return self.graph

    def line(self, facts: Facts, node: Node) -> None:
        """Let the one strategy of some facts rest on what they say."""
        self._parts.strategy(facts.strategies[0], facts, node)

    def prediction(self, path: Path, models: Mapping[str, Graph], rows: int) -> Graph:
        """Enter a file of predictions and the models that made it, by id."""
        details: dict[str, Any] = {"file": str(path), "sha256": sha256(path), "rows": rows}
        node = self.graph.add(Node(f"prediction:{path}", "prediction", path.name, details))
        for graph in models.values():
            self.take(graph, node)
        return self.graph

    def report(self, folder: Path) -> Graph:
        """Enter a report and the result it was made of; what it says itself where that is gone."""
        document = read_document(folder / REPORT_DOCUMENT)
        page = folder / REPORT_PAGE
        details = {
            "file": str(page),
            "sha256": document.get("page_sha256"),
            "result_sha256": document.get("result_sha256"),
        }
        node = self.graph.add(Node(f"report:{page}", "report", folder.name, details))
        kind, of = str(document.get("kind")), str(document.get("of"))
        result = self.root / str(document.get("result"))
        own = [run for run in self.records.runs(self.records.tagged(KEY, of)) if run.kind == kind]
        shown = next((run for run in own if run.artifacts == result), None)
        if shown is None and is_result(result):
            return self.result(result, node)
        if own:
            return self.run(shown or own[-1], node)
        self._whole(kind, of, replace(facts_of_document(document), key=of), {}, node)
        return self.graph

    def take(self, other: Graph, above: Node) -> None:
        """Enter a whole graph below a node."""
        self.graph.add(other.root, above)
        for node in other.nodes.values():
            self.graph.add(node)
        self.graph.edges += [edge for edge in other.edges if edge not in self.graph.edges]

    def _net(self, run: Run) -> Node:
        details = {**_about_run(run), "net": run.tags.get(SOURCE_NET)}
        return self.graph.add(Node(f"run:{run.id}", "source_nets", run.name, details))

    def _line(self, run: Run, above: Node | None) -> None:
        """Enter a strategy or a baseline, which is part of a comparison."""
        parent = self.records.get(run.tags.get(PARENT, ""))
        document = document_of(parent) if parent else None
        facts = facts_of_document(document) if document else self._line_facts(run)
        details = {**_about_run(run), "comparison": run.tags.get(PARENT)}
        node = self.graph.add(Node(f"run:{run.id}", run.kind, run.name, details), above)
        self._parts.strategy(run.name, facts, node)

    def _line_facts(self, run: Run) -> Facts:
        """Return what tags say: of its source nets, the key is in their runs."""
        nets = [value for key, value in run.tagged("source.").items() if key.isdigit()]
        first = self.records.get(nets[0]) if nets else None
        key = first.tags.get(SOURCE_NET, "").split("/")[0] if first else None
        return facts_of_run(run, key)

    def _trial(self, run: Run) -> None:
        """Enter a trial of a sweep, which rests on what the whole sweep does."""
        told = {**_about_run(run), "state": run.tags.get("state")}
        told["parameters"] = self.records.params(run.id)
        node = self.graph.add(Node(f"run:{run.id}", "trial", run.name, told))
        parent = self.records.get(run.tags.get(PARENT, ""))
        if parent is not None:
            self.run(parent, node)

    def _whole(
        self, kind: str, name: str, facts: Facts, details: dict[str, Any], above: Node | None
    ) -> None:
        """Enter a comparison with all of its strategies, or another piece of work."""
        told = {**details, "key": facts.key, "baselines": list(facts.baselines)}
        own = details.get("folder") or f"run:{details.get('run')}"
        node = self.graph.add(Node(f"{kind}:{own}", kind, name, told), above)
        runs = self._children(details.get("run") or next(reversed(details.get("runs", [])), None))
        for strategy in facts.strategies:
            about = _about_run(runs[strategy]) if strategy in runs else {}
            below = Node(f"strategy:{own}:{strategy}", "strategy", strategy, about)
            self._parts.strategy(strategy, facts, self.graph.add(below, node), commit=False)
        if kind == "sweep":
            # its trials have source nets in common with others, by their configuration
            self._parts.features(facts, facts.data, node)
            self._parts.versioned(facts, node)
        elif not facts.strategies:
            self._parts.strategy(name, facts, node)
        if facts.model is not None:
            self._model(facts.model, node)
        self._parts.commit(facts.commit, node, dirty=facts.dirty)

    def _model(self, id_: str, above: Node) -> None:
        """Enter a model, with what it rests on as far as that is known here."""
        if self.model_graph is None:
            self.graph.add(
                Node(f"model:{id_}", "model", id_, {"model": id_, "folder": None}), above
            )
        else:
            self.take(self.model_graph(id_), above)

    def _children(self, run_id: str | None) -> dict[str, Run]:
        """Return the runs below one, by name."""
        if run_id is None:
            return {}
        return {run.name: run for run in self.records.runs(self.records.tagged(PARENT, run_id))}


RESULTS = ("comparison", "paper2023", "audit", "screen", "suggestion", "simulation", "sweep")
"""Kinds of work that have a folder of results."""


def document_of(run: Run) -> dict[str, Any] | None:
    """Return the document among a run's artifacts; None where it is not on this disk."""
    if run.artifacts is None or run.kind not in DOCUMENTS:
        return None
    path = run.artifacts / DOCUMENTS[run.kind]
    try:
        return read_document(path)
    except UserError:
        return None


def is_result(folder: Path) -> bool:
    """Tell whether a folder holds the result of a comparison, audit, screening or sweep."""
    return any((folder / DOCUMENTS[kind]).is_file() for kind in RESULTS)


def is_report(folder: Path) -> bool:
    """Tell whether a folder holds a report."""
    return (folder / REPORT_DOCUMENT).is_file() and (folder / REPORT_PAGE).is_file()


def _about_run(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "status": run.status,
        "started": run.started,
        "artifacts": None if run.artifacts is None else str(run.artifacts),
        "manifest": run.tags.get("cetransfer.manifest"),
        "model": run.tags.get("cetransfer.model"),
    }


def result_folders(root: Path) -> Sequence[Path]:
    """Return the folders of results in their usual places."""
    every = [
        path
        for kind in ("compare", "screen", "suggest", "sweep")
        for path in sorted((root / "outputs" / kind).glob("*"))
    ]
    return [path for path in every if is_result(path)]
