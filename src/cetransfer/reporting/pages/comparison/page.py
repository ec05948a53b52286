"""From a stored comparison to the page of its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.reporting.figures import title
from cetransfer.reporting.pages.comparison import calibration, errors, maps, tables
from cetransfer.reporting.pages.comparison.limits import limits_of
from cetransfer.reporting.pages.figures.workflow import workflow_drawing
from cetransfer.reporting.pages.lineage import lineage_sections
from cetransfer.reporting.pages.page import Page, Section, Words
from cetransfer.reporting.pages.palette import report_style
from cetransfer.reporting.pages.rests_on import rests_on
from cetransfer.reporting.tables import contrast_sentence, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.reporting.pages.comparison.stored import Stored
    from cetransfer.reporting.pages.drawing import Drawing
    from cetransfer.tracking.lineage.graph import Graph

CORRECTED = "corrected for the number of questions (Holm)"
UNMEASURED = "No rows were left that nothing was trained on, so it was not measured."


def comparison_page(
    stored: Stored, command: Sequence[str], graph: Graph | None, of_data: Sequence[Drawing]
) -> Page:
    """Draw a comparison.

    Parameters
    ----------
    stored
        Its document and tables.
    command
        Lines that give the same numbers.
    graph
        Its lineage.
    of_data
        Figures of the data sets, as far as these are here.
    """
    document = stored.document
    with report_style():
        curve, pairs = errors.curve_drawing(stored), maps.pair_drawing(stored)
        intervals = [calibration.coverage_drawing(stored), calibration.sharpness_drawing(stored)]
        asked, alpha = stored.contrast, document["protocol"]["alpha"]
        sections = [
            Section(
                "errors",
                "Which strategy has the lowest error",
                [
                    errors.strategies_drawing(stored),
                    tables.scores_table(stored),
                    Words(f"p: {document['test_words']}, {CORRECTED}."),
                ],
            ),
            Section(
                "differences",
                "Is the difference real",
                [
                    errors.paired_drawing(stored),
                    *([Words(contrast_sentence(asked, stored.unit, alpha))] if asked else []),
                ],
            ),
            Section("parity", "Predicted against given", [errors.parity_drawing(stored)]),
            *([Section("curve", "How many labels it takes", [curve])] if curve else []),
            Section(
                "where",
                "Where the error lies",
                [*maps.element_drawings(stored), *([pairs] if pairs else [])],
            ),
            Section(
                "intervals",
                "Do the intervals hold",
                [each for each in intervals if each] or [Words(UNMEASURED)],
            ),
            Section("workflow", "What was done", [workflow_drawing(document)]),
            *([Section("data", "The data sets", list(of_data))] if of_data else []),
            Section(
                "proofs",
                "Proofs and leakage",
                [tables.proofs_table(stored), tables.leakage_table(stored)],
            ),
            *lineage_sections(graph),
        ]
    return Page(
        title=" ".join(title(stored).split()),
        verdict=sentence(stored),
        sections=sections,
        rests_on=rests_on(document),
        limits=limits_of(stored),
        command=command,
        notes=document["notes"],
    )
