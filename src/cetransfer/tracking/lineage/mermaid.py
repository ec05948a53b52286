"""A lineage as a Mermaid diagram, for any page that draws these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.tracking.lineage.graph import CHANGED, MISSING, OK, UNVERIFIABLE

if TYPE_CHECKING:
    from cetransfer.tracking.lineage.graph import Graph

COLOURS = {OK: "#d8f0d8", MISSING: "#eeeeee", CHANGED: "#f8c8c8", UNVERIFIABLE: "#fff2c8"}


def mermaid(graph: Graph) -> str:
    """Return the text of a flowchart, from what was asked for down to the commit."""
    names = {id_: f"n{number}" for number, id_ in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    for node in graph.nodes.values():
        state = f"<br/>{node.state}" if node.state else ""
        kind = node.kind.replace("_", " ")
        style = f":::{node.state}" if node.state else ""
        lines.append(f'    {names[node.id]}["{kind}<br/>{_escaped(node.name)}{state}"]{style}')
    lines += [f"    {names[upper]} --> {names[lower]}" for upper, lower in graph.edges]
    states = {node.state for node in graph.nodes.values()}
    lines += [f"    classDef {name} fill:{COLOURS[name]}" for name in COLOURS if name in states]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Write what has a meaning in Mermaid as entities."""
    for plain, code in (
        ("#", "#35;"),
        ('"', "#quot;"),
        ("<", "#lt;"),
        (">", "#gt;"),
        ("`", "#96;"),
    ):
        text = text.replace(plain, code)
    return text
