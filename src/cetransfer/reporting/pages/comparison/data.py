"""The data sets of a comparison: their elements, and how well the source nets fit their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.errors import UserError
from cetransfer.reporting.pages.comparison.elements import (
    counted,
    elements_of_formulas,
    elements_of_sites,
)
from cetransfer.reporting.pages.comparison.source_fit import source_drawing
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.figures.periodic import periodic_figure
from cetransfer.reporting.pages.palette import report_style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.reporting.pages.comparison.stored import Stored
    from cetransfer.settings import Settings


def data_drawings(stored: Stored, root: Path) -> list[Drawing]:
    """Draw the element map of sources and target, and the fit of the source nets.

    A source that is not here as it was is left out, and so is the fit without its nets.
    """
    settings = _settings(stored)
    sources = [] if settings is None else _sources(stored, settings, root)
    with report_style():
        drawings = [_elements(stored, sources)]
        if settings is not None:
            drawings += source_drawing(stored, settings, sources, root)
    return drawings


def _elements(stored: Stored, sources: Sequence[Dataset]) -> Drawing:
    document = stored.document
    rows = {f"source {data.name}": elements_of_sites(data.frame) for data in sources}
    rows[f"target {document['target']['name']}, labelled"] = elements_of_formulas(
        document["labelled"]
    )
    counts = {f"{name}: {len(each)} rows": counted(each) for name, each in rows.items()}
    told = "; ".join(f"{name} with {len(each)} elements" for name, each in counts.items())
    missing = len(document["sources"]) - len(sources)
    absent = (
        f" {missing} of the sources are not here as they were, and not drawn." if missing else ""
    )
    return Drawing(
        name="elements_of_data",
        caption=f"Element map: rows of each data set with the element on A or B.{absent}",
        alt=f"Element map: {told}.",
        figure=periodic_figure(counts, "rows with the element on A or B", digits=0, shared=False),
        data=pd.DataFrame(counts)
        .rename_axis("element")
        .reset_index()
        .sort_values("element", ignore_index=True),
        wide=True,
    )


def _settings(stored: Stored) -> Settings | None:
    """Return the settings it was run with; None where they have no meaning any more."""
    from cetransfer.composition import stored_settings

    try:
        return stored_settings(stored.document["config"])
    except UserError:
        return None


def _sources(stored: Stored, settings: Settings, root: Path) -> list[Dataset]:
    """Read the sources again, where their files have the hashes they had."""
    from cetransfer.datasets.chosen import load_source

    found = []
    for name in settings.dataset.sources:
        try:
            data = load_source(settings.dataset, name, root)
        except UserError:
            continue
        if data.hashes.items() <= stored.document["data_hashes"].items():
            found.append(data)
    return found
