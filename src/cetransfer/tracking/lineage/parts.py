"""What every piece of work rests on, entered into a graph: source nets, features, data, commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.row_spans import count
from cetransfer.tracking.lineage.facts import Facts, commit_of, facts_of_source, read_document
from cetransfer.tracking.lineage.graph import Node

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cetransfer.tracking.lineage.graph import Graph
    from cetransfer.tracking.records import Records

SOURCE_DIR = "outputs/source"
SOURCE_NET = "cetransfer.source_net"
DVC = "data.dvc"


@dataclass(frozen=True)
class Parts:
    """Enters nodes into `graph`, looking up in `records` and below `root` what is not said."""

    graph: Graph
    records: Records
    root: Path

    def strategy(self, name: str, facts: Facts, node: Node, *, commit: bool = True) -> None:
        """Let a strategy rest on its source nets, the target's features and data, and the commit.

        Without `commit` that is left to what the strategy is part of.
        """
        if key := facts.of.get(name):
            self.source_nets(key, facts, node)
        target = [each for each in facts.data if each["role"] == "target"]
        self.features(facts, target, node)
        self.versioned(facts, node)
        if commit:
            self.commit(facts.commit, node, dirty=facts.dirty)

    def source_nets(self, key: str, facts: Facts, above: Node) -> None:
        """Enter a stack of source nets, those it started from, and what it was trained on."""
        stack = facts.stacks.get(key, {})
        folder = self.root / facts.config.get("source_dir", SOURCE_DIR) / key
        runs = self.records.tagged_beginning(SOURCE_NET, f"{key}/")
        first = self.records.get(runs[0][0]) if runs else None
        about = self._about(folder)
        own = facts_of_source(about, first)
        details: dict[str, Any] = {
            "key": key,
            "folder": str(folder),
            "sha256": stack.get("sha256"),
            "nets": about.get("members"),
            "runs": [run for run, _ in runs],
        }
        node = self.graph.add(Node(f"source_nets:{key}", "source_nets", key, details), above)
        if earlier := stack.get("earlier") or about.get("earlier"):
            self.source_nets(earlier, facts, node)
        data = [
            each
            for each in facts.data
            if each["role"] == "source" and each["name"] in stack.get("sources", [each["name"]])
        ]
        files = own.files or (first.tagged("data.") if first else {})
        schema = own.schema or facts.schema
        rests = Facts(key, files, schema, own.commit, own.dirty, config=facts.config)
        self.features(rests, data or own.data, node)
        if first:
            commit, dirty = commit_of(first)
            self.commit(commit, node, dirty=dirty)
        else:
            self.commit(facts.commit, node, dirty=facts.dirty)

    def _about(self, folder: Path) -> dict[str, Any]:
        """Return the description of source nets, empty where it is gone or damaged."""
        try:
            return read_document(folder / "model.json")
        except UserError:
            return {}

    def features(self, facts: Facts, data: Iterable[dict[str, Any]], above: Node) -> None:
        """Enter the features of data sets and the files these were read from.

        Where rows were not stored, all files of the work stand under one node.
        """
        listed = list(data)
        schema = facts.schema or "unknown"
        settings = {"settings": facts.config["features"]} if "features" in facts.config else {}
        for each in listed:
            details = {"schema": schema, "data_set": each["name"], **settings}
            details["files"] = each.get("features", {})
            name = f"{each['name']}, schema {schema[:12]}"
            # the same rows with other features, or other rows, are another node
            same = "".join(sorted(details["files"].values())) or schema
            node = Node(f"features:{each['name']}:{same}", "features", name, details)
            node = self.graph.add(node, above)
            for file, value in each["files"].items():
                self.data(file, value, node, each)
        if not listed:
            files = {file: value for file, value in facts.files.items() if file != DVC}
            node = above
            if facts.schema:
                details = {"schema": schema, "files": {}, **settings}
                made = Node(f"features:{schema}:{above.id}", "features", schema[:12], details)
                node = self.graph.add(made, above)
            for file, value in files.items():
                self.data(file, value, node, None)

    def data(self, file: str, value: str, above: Node, rows: dict[str, Any] | None) -> None:
        """Enter a data file, with the rows that were used as far as they were stored."""
        details: dict[str, Any] = {"file": file, "sha256": value}
        if rows is not None:
            details |= {key: rows[key] for key in ("role", "trained", "scored")}
            details["data_set"] = rows["name"]
            details["rows_trained"] = count(rows["trained"])
        self.graph.add(Node(f"data:{file}:{value}", "data", file, details), above)

    def versioned(self, facts: Facts, above: Node) -> None:
        """Enter what DVC recorded of the folder `data`."""
        if DVC in facts.files:
            value = facts.files[DVC]
            details = {"file": DVC, "md5": value}
            self.graph.add(Node(f"data:{DVC}:{value}", "data", f"{DVC} (DVC)", details), above)

    def commit(self, commit: str | None, above: Node, *, dirty: bool | None) -> None:
        """Enter the git commit."""
        details = {"commit": commit, "dirty": dirty}
        words = commit[:12] if commit else "not recorded: no git repository"
        name = f"{words}, with changes that were not committed" if dirty else words
        self.graph.add(Node(f"commit:{commit}:{dirty}", "commit", name, details), above)
