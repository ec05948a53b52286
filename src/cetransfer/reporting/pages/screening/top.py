"""The candidates worth making: a table to sort and filter, and their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, INK
from cetransfer.reporting.pages.screening.stored import ENERGY, UNIT
from cetransfer.reporting.pages.table import Column, PageTable, fixed, percent

if TYPE_CHECKING:
    from cetransfer.reporting.pages.screening.stored import StoredScreening

LISTED = 1500
"""Rows of the table; the screening itself has all."""

DRAWN = 40

HEADINGS = {
    "rank": "rank",
    "formula": "formula",
    "A": "A",
    "A2": "A'",
    "B": "B",
    "B2": "B'",
    "probability": "probability of meeting all",
    ENERGY: f"formation energy ({UNIT})",
    "lower": "90 % from",
    "upper": "to",
    "hull_distance": f"hull distance ({UNIT})",
    "t": "t",
    "mu": "mu",
    "tau": "tau",
    "model_formation_energy": f"the model's ({UNIT})",
    "model_lower": "90 % from",
    "model_upper": "to",
    "model_probability": "probability by the model",
    "applicability": "applicability",
    "provenance": "provenance",
    "radii": "radii (angstrom)",
}
"""Columns that are shown, as far as a screening has them."""


def top_table(stored: StoredScreening) -> PageTable:
    """Return the shortlist."""
    table = stored.shortlist
    shown = [name for name in HEADINGS if name in table and _says_something(stored, name)]
    writes = {"probability": percent, "model_probability": percent, "rank": None}
    columns = tuple(
        Column(
            name,
            HEADINGS[name],
            writes.get(name, fixed(3) if table[name].dtype.kind == "f" else None),
        )
        for name in shown
    )
    every = stored.document["counts"]["shortlist"]
    first = f", the first {LISTED} of {every}" if every > LISTED else ""
    return PageTable(
        name="shortlist",
        caption=f"Candidates that meet all criteria{first}",
        columns=columns,
        data=table.head(LISTED),
    )


def _says_something(stored: StoredScreening, name: str) -> bool:
    values = stored.shortlist[name]
    return bool((values.notna() & (values.astype(str) != "")).any())


def top_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw the energies of the first candidates with their intervals."""
    table = stored.shortlist.head(DRAWN)
    if not stored.has(ENERGY) or table.empty:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 1.0 + 0.2 * len(table)), layout="constrained")
    axes = figure.subplots()
    heights = -np.arange(len(table))
    sure = table["lower"].notna().to_numpy() if "lower" in table else np.zeros(len(table), bool)
    axes.plot(table[ENERGY], heights, "o", color=BLUE, markersize=4)
    if sure.any():
        axes.hlines(heights[sure], table["lower"][sure], table["upper"][sure], color=BLUE)
    for step in stored.steps:
        if step["column"] == ENERGY:
            for value in step["limits"].values():
                axes.axvline(value, color=INK, linewidth=0.9, linestyle="--")
    axes.set_yticks(heights, [str(each) for each in table["formula"]], fontsize=7)
    axes.set_ylim(-len(table) + 0.3, 0.7)
    axes.set_xlabel(f"formation energy ({UNIT}){', 90 % interval' if sure.any() else ''}")
    open_frame(axes, "x")
    first = table.iloc[0]
    return Drawing(
        name="first_candidates",
        caption=f"The first {len(table)} candidates by rank; dashed: limits on the energy.",
        alt=f"First by rank: {', '.join(map(str, table['formula'].head(5)))}; {first['formula']} "
        f"has {first[ENERGY]:.2f} {UNIT} and meets all criteria with a probability of "
        f"{first['probability']:.0%}.",
        figure=figure,
        data=table,
        wide=True,
    )
