"""The data sets of a comparison: which elements they have, and how many rows of each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.errors import UserError
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.figures.periodic import periodic_figure
from cetransfer.reporting.pages.palette import report_style

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.reporting.pages.comparison.stored import Stored


def data_drawings(stored: Stored, root: Path) -> list[Drawing]:
    """Draw the element map of sources and target; what is not here as it was is left out."""
    frames: dict[str, pd.DataFrame] = {}
    for data in _sources(stored, root):
        frames[f"source {data.name}"] = data.frame
    document = stored.document
    target = stored.predictions.drop_duplicates("row")
    labelled = target[target["compound"].isin(set(document["labelled"]))]
    frames[f"target {document['target']['name']}, labelled"] = labelled
    counts = {f"{name}: {len(frame)} rows": counts_of(frame) for name, frame in frames.items()}
    told = "; ".join(f"{name} with {len(each)} elements" for name, each in counts.items())
    missing = len(document["sources"]) - (len(frames) - 1)
    absent = (
        f" {missing} of the sources are not here as they were, and not drawn." if missing else ""
    )
    with report_style():
        figure = periodic_figure(counts, "rows with the element on A or B", digits=0, shared=False)
    return [
        Drawing(
            name="elements_of_data",
            caption=f"Element map: rows of each data set with the element on A or B.{absent}",
            alt=f"Element map: {told}.",
            figure=figure,
            data=pd.DataFrame(counts)
            .rename_axis("element")
            .reset_index()
            .sort_values("element", ignore_index=True),
            wide=True,
        )
    ]


def counts_of(frame: pd.DataFrame) -> dict[str, float]:
    """Return how many rows have each element on A or B, each row once."""
    sites = [frame[site].astype(str) for site in "AB" if site in frame]
    counted = Counter(name for row in zip(*sites, strict=True) for name in set(row) if name)
    return {name: float(count) for name, count in counted.items()}


def _sources(stored: Stored, root: Path) -> list[Dataset]:
    """Read the sources again, where their files have the hashes they had."""
    from cetransfer.composition import stored_settings
    from cetransfer.datasets.chosen import load_source

    hashes = stored.document["data_hashes"]
    found = []
    try:
        settings = stored_settings(stored.document["config"])
        for name in settings.dataset.sources:
            data = load_source(settings.dataset, name, root)
            if data.hashes.items() <= hashes.items():
                found.append(data)
    except UserError:
        return found
    return found
