"""A lineage as layers: what was asked for on top, each thing below what rests on it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import AMBER, BLUE, GREEN, GREY, PURPLE, SKY, VERMILION
from cetransfer.tracking.lineage.graph import KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cetransfer.tracking.lineage.graph import Graph, Node

EDGES = {
    "prediction": VERMILION,
    "model": VERMILION,
    "comparison": VERMILION,
    "screen": VERMILION,
    "suggestion": VERMILION,
    "simulation": VERMILION,
    "paper2023": VERMILION,
    "strategy": BLUE,
    "source_nets": GREEN,
    "features": PURPLE,
    "data": AMBER,
    "commit": SKY,
}
ACROSS = 5
"""Boxes in a line; a layer of more has several lines."""
WIDE, HIGH = 1.9, 0.62
LETTERS = 28


def lineage_drawing(graph: Graph) -> Drawing:
    """Draw a lineage."""
    from matplotlib.figure import Figure

    lines = _lines(graph)
    where = {
        node.id: ((place - (len(line) - 1) / 2) * (WIDE + 0.15), -height)
        for height, line in enumerate(lines)
        for place, node in enumerate(line)
    }
    figure = Figure(
        figsize=(1.02 * max(map(len, lines)) * (WIDE + 0.15), 1.02 * len(lines) + 0.1),
        layout="constrained",
    )
    axes = figure.subplots()
    for upper, lower in graph.edges:
        (x, y), (z, w) = where[upper], where[lower]
        axes.plot((x, z), (y - HIGH / 2, w + HIGH / 2), color=GREY, linewidth=0.8, zorder=0)
    for node in graph.nodes.values():
        _box(axes, node, *where[node.id])
    half = max(map(len, lines)) * (WIDE + 0.15) / 2
    axes.set(xlim=(-half, half), ylim=(-len(lines) + 0.5, 0.5))
    axes.axis("off")
    kinds = ", ".join(
        f"{sum(node.kind == kind for node in graph.nodes.values())} {kind.replace('_', ' ')}"
        for kind in KINDS
        if any(node.kind == kind for node in graph.nodes.values())
    )
    return Drawing(
        name="lineage",
        caption="Lineage: each box rests on those below it that it has a line to. "
        "`cetransfer lineage ID --verify` hashes what is still on disk again.",
        alt=f"Lineage of {graph.root.kind} {graph.root.name}: {kinds}.",
        figure=figure,
        data=pd.DataFrame(graph.edges, columns=["id", "rests_on"]),
        wide=True,
    )


def _lines(graph: Graph) -> list[list[Node]]:
    """Return the nodes of each line, by kind, from top to bottom."""
    lines = []
    for kind in KINDS:
        own = [node for node in graph.nodes.values() if node.kind == kind]
        lines += [own[first : first + ACROSS] for first in range(0, len(own), ACROSS)]
    return lines


def _box(axes: Axes, node: Node, x: float, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (x - WIDE / 2 + 0.05, y - HIGH / 2 + 0.05),
            WIDE - 0.1,
            HIGH - 0.1,
            boxstyle="round,pad=0.05",
            facecolor="#ffffff",
            edgecolor=EDGES.get(node.kind, GREY),
            linewidth=1.4,
        )
    )
    # of a path, its end says the most
    shown = textwrap.shorten(node.name.rpartition("/")[2], 2 * LETTERS, placeholder=" ...")
    name = "\n".join(textwrap.wrap(shown, LETTERS)[:2])
    axes.text(x, y + 0.19, node.kind.replace("_", " "), ha="center", va="center", fontsize=7)
    axes.text(x, y - 0.09, name, ha="center", va="center", fontsize=7)
