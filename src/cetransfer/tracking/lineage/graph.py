"""A lineage as a graph: each node rests on others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: the kinds of nodes, each resting on those after it
KINDS = (
    "report",
    "prediction",
    "screen",
    "suggestion",
    "simulation",
    "version",
    "model",
    "comparison",
    "paper2023",
    "audit",
    "trial",
    "sweep",
    "strategy",
    "baseline",
    "source_nets",
    "features",
    "data",
    "commit",
)

OK = "ok"
MISSING = "missing"
CHANGED = "changed"
UNVERIFIABLE = "unverifiable"


@dataclass
class Node:
    """Something that a number rests on.

    Parameters
    ----------
    id
        Unique in the graph.
    kind
        One of `KINDS`.
    name
        As a person would call it.
    details
        What is known of it, hashes and places among it; plain JSON.
    state, reason
        What a verification found, and why; None before there was one.
    """

    id: str
    kind: str
    name: str
    details: dict[str, Any] = field(default_factory=dict)
    state: str | None = None
    reason: str | None = None


@dataclass
class Graph:
    """Nodes by their id, the one that was asked for first, and what each rests on."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    @property
    def root(self) -> Node:
        """The node that was asked for."""
        return next(iter(self.nodes.values()))

    def add(self, node: Node, above: Node | None = None) -> Node:
        """Enter a node, or take the one of that id, and let `above` rest on it."""
        kept = self.nodes.setdefault(node.id, node)
        if above is not None and (edge := (above.id, kept.id)) not in self.edges:
            self.edges.append(edge)
        return kept

    def below(self, node: Node) -> list[Node]:
        """Return what a node rests on, the nearer kinds first."""
        found = [self.nodes[lower] for upper, lower in self.edges if upper == node.id]
        return sorted(found, key=lambda each: KINDS.index(each.kind))

    def in_state(self, state: str) -> list[Node]:
        """Return the nodes that a verification found so."""
        return [node for node in self.nodes.values() if node.state == state]

    def document(self) -> dict[str, Any]:
        """Return the graph as JSON."""
        verified = any(node.state for node in self.nodes.values())
        return {
            "root": self.root.id,
            "nodes": [
                {
                    "id": node.id,
                    "kind": node.kind,
                    "name": node.name,
                    **({"state": node.state, "reason": node.reason} if verified else {}),
                    **node.details,
                }
                for node in self.nodes.values()
            ],
            "edges": [{"from": upper, "rests_on": lower} for upper, lower in self.edges],
        }
