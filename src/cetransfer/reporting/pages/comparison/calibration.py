"""Whether the intervals hold, and whether a wide one means a large error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cetransfer.reporting.coverage_figure import coverage_figure
from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, INK, VERMILION

if TYPE_CHECKING:
    from cetransfer.reporting.pages.comparison.stored import Stored

BINS = 10


def coverage_drawing(stored: Stored) -> Drawing | None:
    """Draw how often each strategy's intervals hold; None where no row was left unlabelled."""
    if not stored.coverage:
        return None
    nominal = float(stored.document["coverage"]["nominal"])
    rows = []
    for name, found in stored.coverage.items():
        kinds = {
            key: getattr(found, key)
            for key in ("overall", "low", "middle", "high", "element_seen", "element_new",
                        "in_range", "out_of_range")
        }  # fmt: skip
        rows += [
            {"strategy": name, "rows_are": key, "rows": held.rows, "coverage": held.coverage}
            for key, held in kinds.items()
        ]
    told = "; ".join(
        f"{name}: {found.overall.coverage:.1%} of rows, mean width {found.width:.3f} {stored.unit}"
        for name, found in stored.coverage.items()
        if found.overall.coverage is not None
    )
    return Drawing(
        name="interval_coverage",
        caption=f"Share of the {stored.document['n_unseen']} rows never trained on that lie in "
        f"their {nominal:.0%} interval (dotted: as promised), by kind of row, and how wide the "
        f"intervals are. {stored.document['coverage']['promise'].capitalize()}.",
        alt=f"Calibration of {nominal:.0%} intervals. {told}.",
        figure=coverage_figure(stored),
        data=pd.DataFrame(rows),
        wide=True,
    )


def sharpness_drawing(stored: Stored) -> Drawing | None:
    """Draw error and coverage over the half-width of the interval, for the best strategy."""
    table = stored.intervals
    table = table[table["strategy"] == stored.best.name] if len(table) else table
    if len(table) < 2 * BINS:
        return None
    from matplotlib.figure import Figure

    half = (table["upper"] - table["lower"]) / 2
    error = (table["prediction"] - table[stored.quantity]).abs()
    holds = table[stored.quantity].between(table["lower"], table["upper"])
    bins = np.array_split(np.argsort(half.to_numpy(), kind="stable"), BINS)
    data = pd.DataFrame(
        {
            "rows": [len(own) for own in bins],
            "half_width": [float(half.iloc[own].mean()) for own in bins],
            "mean_absolute_error": [float(error.iloc[own].mean()) for own in bins],
            "coverage": [float(holds.iloc[own].mean()) for own in bins],
        }
    )
    nominal = float(stored.document["coverage"]["nominal"])
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(data["half_width"], data["mean_absolute_error"], "o-", color=BLUE)
    left.set_ylabel(f"mean absolute error ({stored.unit})")
    left.set_ylim(bottom=0)
    right.plot(data["half_width"], data["coverage"], "o-", color=VERMILION)
    right.axhline(nominal, color=INK, linewidth=0.8, linestyle=":")
    right.set_ylabel(f"share inside (nominal {nominal:g})")
    right.set_ylim(min(0.5, float(data["coverage"].min())) - 0.02, 1.02)
    for axes in (left, right):
        axes.set_xlabel(f"half-width of the interval ({stored.unit})")
        open_frame(axes, "both")
    low, high = data["mean_absolute_error"].iloc[[0, -1]]
    return Drawing(
        name="interval_width_and_error",
        caption=f"Does a wider interval of {stored.best.name} mean a larger error? Tenths of the "
        "rows never trained on, by half-width: left the error, right the share that lies inside.",
        alt=f"The tenth of rows with the narrowest intervals has an error of {low:.3f} "
        f"{stored.unit}, that with the widest {high:.3f}.",
        figure=figure,
        data=data,
        wide=True,
    )
