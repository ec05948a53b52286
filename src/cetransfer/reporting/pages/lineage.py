"""The part of a report that says where its numbers come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.reporting.pages.figures.lineage import lineage_drawing
from cetransfer.reporting.pages.page import Listing, Section
from cetransfer.tracking.lineage.mermaid import mermaid

if TYPE_CHECKING:
    from cetransfer.tracking.lineage.graph import Graph


def lineage_sections(graph: Graph | None) -> list[Section]:
    """Return the part with the diagram and its text; none where the lineage is not known."""
    if graph is None:
        return []
    text = Listing("The same as Mermaid text", mermaid(graph))
    return [Section("lineage", "Where the numbers come from", [lineage_drawing(graph), text])]
