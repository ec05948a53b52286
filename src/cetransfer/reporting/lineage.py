"""Lineages on the terminal: as a tree, with what a verification found; and lists of descendants."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from cetransfer.row_spans import count
from cetransfer.tracking.lineage.graph import CHANGED, MISSING, OK, UNVERIFIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.tracking.lineage.descendants import Descendant
    from cetransfer.tracking.lineage.graph import Graph, Node

WIDTH = 250
"""Ids and reasons are never cut: a narrower terminal breaks the lines itself."""

STYLES = {OK: "green", MISSING: "dim", CHANGED: "bold red", UNVERIFIABLE: "yellow"}

WORDS = {"source_nets": "source nets", "commit": "git commit"}


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False, width=WIDTH)


def show_lineage(graph: Graph) -> None:
    """Print a lineage as a tree; what stands above already is named only."""
    console = _console()
    tree = Tree(_line(graph.root))
    _grow(tree, graph, graph.root, {graph.root.id})
    console.print(tree)


def summary(graph: Graph) -> str:
    """Return how many nodes a verification found in which state."""
    counts = [(len(graph.in_state(state)), state) for state in STYLES]
    return ", ".join(f"{number} {state}" for number, state in counts if number)


def _grow(tree: Tree, graph: Graph, node: Node, seen: set[str]) -> None:
    for below in graph.below(node):
        if below.id in seen and graph.below(below):
            tree.add(Text.assemble(_heading(below), (" (see above)", "dim")))
            continue
        seen.add(below.id)
        _grow(tree.add(_line(below)), graph, below, seen)


def _heading(node: Node) -> Text:
    return Text.assemble((WORDS.get(node.kind, node.kind), "bold"), f" {node.name}")


def _line(node: Node) -> Text:
    parts: list[Text | str | tuple[str, str]] = [
        _heading(node),
        *(f"  {detail}" for detail in _details(node)),
    ]
    if node.state:
        parts += ["  ", Text(node.state, style=STYLES[node.state])]
        if node.state != OK:
            parts.append(f": {node.reason}")
    return Text.assemble(*parts)


def _details(node: Node) -> list[str]:
    """Return what stands beside a name, in few words."""
    details = node.details
    told = []
    if details.get("run"):
        told.append(f"run {details['run']}")
    if details.get("model") and node.kind != "model":
        told.append(f"model {details['model']}")
    if details.get("runs"):
        runs = details["runs"]
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        told.append(f"run {runs[0]}{more}")
    if details.get("key") and node.kind != "source_nets":
        told.append(f"key {details['key']}")
    if node.kind == "data":
        value = details.get("sha256") or details.get("md5")
        told.append(f"{str(value)[:12]}")
        if details.get("role"):
            scored = count(details["scored"])
            of_errors = f", {scored} scored" if scored else ""
            told.append(f"{details['role']}: {details['rows_trained']} rows trained on{of_errors}")
    if details.get("rows"):
        told.append(f"{details['rows']} rows")
    return told


def show_descendants(found: Sequence[Descendant], asked: str) -> None:
    """Print what a data file or a row of it touched."""
    console = _console()
    if not found:
        console.print(f"{asked} touched nothing that is known here", markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("kind", "id", "name", "how", "file", "version", "when"):
        table.add_column(heading, no_wrap=True)
    for each in found:
        when = ""
        if each.started:
            when = f"{datetime.fromtimestamp(each.started / 1000, tz=UTC):%Y-%m-%d %H:%M}"
        table.add_row(
            *map(
                Text,
                (each.kind, each.id, each.name, each.how, each.file, each.sha256[:12], when),
            )
        )
    console.print(table)
