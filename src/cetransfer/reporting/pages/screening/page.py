"""From a stored screening to the page of its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cetransfer.reporting.coverage_words import coverage_lines
from cetransfer.reporting.pages.lineage import lineage_sections
from cetransfer.reporting.pages.page import Page, Section, Words
from cetransfer.reporting.pages.palette import report_style
from cetransfer.reporting.pages.rests_on import code_limits, rests_on
from cetransfer.reporting.pages.screening import funnel, top, worth
from cetransfer.reporting.pages.screening.heat import heat_drawing
from cetransfer.reporting.pages.screening.lists import lists_drawing
from cetransfer.reporting.pages.screening.t_mu import map_drawing
from cetransfer.reporting.pages.table import Column, PageTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cetransfer.reporting.pages.page import Part
    from cetransfer.reporting.pages.screening.stored import StoredScreening
    from cetransfer.tracking.lineage.graph import Graph


def screening_page(stored: StoredScreening, command: Sequence[str], graph: Graph | None) -> Page:
    """Draw a screening.

    Parameters
    ----------
    stored
        Its document and candidates.
    command
        Lines that give the same numbers.
    graph
        Lineage of its model; None where there is none.
    """
    document = stored.document
    with report_style():
        alone = None if stored.parts else worth.criteria_alone(stored)
        sections = [
            _section("funnel", "The funnel", [
                funnel.funnel_drawing(stored),
                funnel.funnel_table(stored),
                funnel.histogram_drawing(stored),
                *_further(document),
            ]),
            _section("candidates", "The candidates worth making", [
                Words(_ranking(document)),
                top.top_table(stored),
                top.top_drawing(stored),
            ]),
            _section("maps", "Where they lie", [
                map_drawing(stored), heat_drawing(stored), _provenance(document),
            ]),
            _section("criteria", "Which criterion does what", [
                *_closing(document),
                worth.worth_table(stored),
                *([] if alone is None else [
                    worth.alone_drawing(alone), worth.alone_table(stored, alone),
                ]),
            ]),
            _section("lists", "The same funnel with a model", [lists_drawing(stored)]),
            *lineage_sections(graph),
        ]  # fmt: skip
    return Page(
        title=f"Screening {document['name']}: {document['counts']['candidates']} "
        f"{document['space']['prototype']}s",
        verdict=verdict(document),
        sections=[section for section in sections if section is not None],
        rests_on=rests_on(document),
        limits=[*map(str, document["limits"]), *code_limits(document)],
        command=command,
        notes=document["notes"],
    )


def verdict(document: Mapping[str, Any]) -> str:
    """Return in a sentence what is left."""
    counts, steps = document["counts"], document["funnel"]
    chain = " to ".join(str(each) for each in (counts["candidates"], *(s["after"] for s in steps)))
    words = ", ".join(str(step["words"]) for step in steps)
    expected = f"{counts['expected']:.0f}"
    unsure = f"; given what the energies are not sure of, {expected} of them are expected to"
    return (
        f"{counts['shortlist']} of {counts['candidates']} candidates meet all criteria ({words}: "
        f"{chain}){'' if expected == str(counts['shortlist']) else unsure}."
    )


def _section(slug: str, heading: str, parts: Sequence[Part | None]) -> Section | None:
    """Return a section of what there is; None where there is nothing."""
    own = [part for part in parts if part is not None]
    return Section(slug, heading, own) if own else None


def _ranking(document: Mapping[str, Any]) -> str:
    energies = document.get("energies") or {}
    return (
        "Ranked by the probability of meeting all criteria under the uncertainty of the energies "
        f"({energies.get('words', 'none were asked')}), then by energy."
    )


def _further(document: Mapping[str, Any]) -> list[PageTable | None]:
    further = document.get("further") or {}
    rows = []
    for name, each in further.items():
        published = each.get("published") or {}
        rows.append(
            {
                "list": name,
                "criteria": ", ".join(step["words"] for step in each["funnel"]),
                "count": each["count"],
                "published": published.get("count"),
                "in_both": published.get("both"),
                "file": each["file"],
            }
        )
    if not rows:
        return []
    columns = (
        Column("list", "list"),
        Column("criteria", "criteria"),
        Column("count", "candidates"),
        Column("published", "published"),
        Column("in_both", "in both"),
        Column("file", "file of the screening"),
    )
    return [
        PageTable("further", "Further lists from the same candidates", columns, pd.DataFrame(rows))
    ]


def _provenance(document: Mapping[str, Any]) -> PageTable:
    counted = document["provenance"]
    words = list(dict.fromkeys([*counted["candidates"], *counted["shortlist"]]))
    data = pd.DataFrame(
        [
            {
                "known": word,
                **{key: counted[key].get(word, 0) for key in ("candidates", "shortlist")},
            }
            for word in words
        ]
    )
    columns = (
        Column("known", "what is known"),
        Column("candidates", "candidates"),
        Column("shortlist", "of the shortlist"),
    )
    return PageTable(
        "provenance", "What is known of them; one may be known in several ways", columns, data
    )


def _closing(document: Mapping[str, Any]) -> list[Words]:
    """Return what the study of known answers closes with, and how often intervals hold."""
    found = document.get("worth")
    if not isinstance(found, dict):
        return []
    lines = [*coverage_lines(found), *found.get("notes", ())]
    sentences = [found["sentence"], *(f"{line[0].upper()}{line[1:]}." for line in lines)]
    return [Words(str(words)) for words in sentences if words]
