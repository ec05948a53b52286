"""The funnel of a screening: the counts, and the energies that each step leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import AMBER, BLUE, GREEN, GREY, INK, PURPLE, SKY
from cetransfer.reporting.pages.screening.stored import ENERGY, UNIT
from cetransfer.reporting.pages.table import Column, PageTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cetransfer.reporting.pages.screening.stored import StoredScreening

STEPS = (GREY, SKY, AMBER, PURPLE, GREEN, BLUE)
"""Of all candidates, those after each step and, last, the shortlist."""

BINS = 60


def funnel_table(stored: StoredScreening) -> PageTable:
    """Return the criteria with their counts."""
    data = pd.DataFrame([{k: v for k, v in step.items() if k != "limits"} for step in stored.steps])
    return PageTable(
        name="funnel_steps",
        caption="The criteria in their order",
        columns=(
            Column("criterion", "criterion"),
            Column("words", "limits"),
            Column("unit", "unit"),
            Column("before", "before"),
            Column("dropped", "dropped"),
            Column("after", "after"),
            Column("source", "source"),
        ),
        data=data,
    )


def funnel_drawing(stored: StoredScreening) -> Drawing:
    """Draw how many candidates each criterion leaves, and what another set of energies leaves."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    lists = {"": stored.steps}
    if compared := stored.document.get("comparison"):
        lists = {"list: ": stored.steps, "model: ": compared["funnel"]}
    rows = [
        {"list": name, "criterion": words, "count": count}
        for name, steps in lists.items()
        for words, count in _counts(steps, stored.document["counts"]["candidates"])
    ]
    data = pd.DataFrame(rows)
    figure = Figure(figsize=(7.5, 0.9 + 0.42 * len(data)), layout="constrained")
    axes = figure.subplots()
    heights = -np.arange(len(data)) - (data["list"] != rows[0]["list"]) * 0.5
    colours = [BLUE if row["list"] == rows[0]["list"] else GREEN for row in rows]
    axes.barh(heights, data["count"], color=colours, alpha=0.8)
    for height, count in zip(heights, data["count"], strict=True):
        axes.annotate(
            f"{count}", (count, height), xytext=(4, 0), textcoords="offset points", va="center",
            fontsize=9,
        )  # fmt: skip
    axes.set_yticks(heights, [f"{row['list']}{row['criterion']}" for row in rows])
    axes.set_xlabel("candidates (number)")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(right=1.12 * float(data["count"].max()))
    open_frame(axes, "x")
    told = "; ".join(
        f"{name}{' to '.join(str(row['count']) for row in rows if row['list'] == name)}"
        for name in lists
    )
    return Drawing(
        name="funnel",
        caption="The funnel: how many candidates are left after each criterion, in their order.",
        alt=f"Funnel, {told} candidates.",
        figure=figure,
        data=data,
        wide=True,
    )


def _counts(steps: Sequence[Mapping[str, Any]], every: int) -> list[tuple[str, int]]:
    return [("all", every), *((str(step["words"]), int(step["after"])) for step in steps)]


def histogram_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw the formation energies of all candidates and of those that each step leaves."""
    if not stored.has(ENERGY):
        return None
    from matplotlib.figure import Figure

    names = ["all", *(str(step["words"]) for step in stored.steps)]
    edges, counts = _energies(stored)
    colours = [*STEPS[: len(names) - 1], STEPS[-1]]
    colours += [STEPS[-1]] * (len(names) - len(colours))
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, own, colour in zip(names, counts, colours, strict=True):
        axes.stairs(own, edges, fill=True, color=colour, label=f"{name}: {own.sum()}")
    for step in stored.steps:
        if step["column"] == ENERGY:
            for value in step["limits"].values():
                axes.axvline(value, color=INK, linewidth=1.0, linestyle="--")
    axes.set_xlabel(f"formation energy ({UNIT})")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel(f"candidates per {edges[1] - edges[0]:.2f} {UNIT}")
    figure.legend(loc="outside upper left", ncols=3, fontsize=8, frameon=False)
    open_frame(axes)
    low, high = np.percentile(stored.shortlist[ENERGY].dropna(), (5, 95))
    return Drawing(
        name="energies",
        caption="Formation energies of all candidates and, in front of them, of those that are "
        "left after each criterion; dashed: limits on the energy.",
        alt=f"Histogram: of {counts[0].sum()} candidates {counts[-1].sum()} pass, nine of ten of "
        f"the first {len(stored.shortlist)} between {low:.2f} and {high:.2f} {UNIT}.",
        figure=figure,
        data=pd.DataFrame(
            {"from": edges[:-1], "to": edges[1:], **dict(zip(names, counts, strict=True))}
        ),
        wide=True,
    )


def _energies(
    stored: StoredScreening,
) -> tuple[NDArray[np.float64], list[NDArray[np.int64]]]:
    """Return the edges of bins and, for all candidates and after each step, how many lie in each.

    Candidates are read part by part, however many there are.
    """
    ends = [
        (float(table[ENERGY].min()), float(table[ENERGY].max()))
        for table in stored.tables(ENERGY)
        if table[ENERGY].notna().any()
    ]
    edges = np.linspace(min(low for low, _ in ends), max(high for _, high in ends), BINS + 1)
    counts = [np.zeros(BINS, np.int64) for _ in range(len(stored.steps) + 1)]
    for table in stored.tables(ENERGY, "dropped_by"):
        for own, left in zip(counts, stored.left_after(table), strict=True):
            np.add(own, np.histogram(table[ENERGY][left].dropna(), edges)[0], out=own)
    return edges, counts
