"""The map of t and mu: what passes, what is dropped, and what is known by experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, GREY, INK, SEQUENTIAL, VERMILION

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cetransfer.reporting.pages.screening.stored import StoredScreening

RASTERED = 500
CELLS = 120


def map_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw mu over t, the windows of both, and what is known by experiment."""
    if not stored.has("t", "mu"):
        return None
    from matplotlib.figure import Figure

    table, passing = stored.candidates, stored.passing
    drawn = table[["t", "mu"]].notna().all(axis=1)
    figure = Figure(figsize=(7.5, 5.6), layout="constrained")
    axes = figure.subplots()
    if stored.parts:
        _density(figure, axes, stored)
    else:
        dropped = ~passing & drawn
        _dots(axes, table[dropped], GREY, f"dropped: {int(dropped.sum())}")
    first = "the first that meet" if stored.parts else "meets"
    colour = VERMILION if stored.parts else BLUE
    _dots(axes, table[passing], colour, f"{first} all criteria: {int(passing.sum())}")
    for label, own in known_by_experiment(table).items():
        marker, colour = ("o", VERMILION) if label == "perovskite" else ("x", INK)
        shape: dict[str, Any] = (
            {"facecolors": "none", "edgecolors": colour} if marker == "o" else {"c": colour}
        )
        axes.scatter(
            table["t"][own],
            table["mu"][own],
            s=22,
            marker=marker,
            linewidths=0.9,
            label=f"known, {label}: {int(own.sum())}",
            **shape,
        )
    for step in stored.steps:
        if step["column"] in {"t", "mu"}:
            line = axes.axvline if step["column"] == "t" else axes.axhline
            for value in step["limits"].values():
                line(value, color=INK, linewidth=0.9, linestyle="--")
    axes.set_xlabel("tolerance factor t (1)")
    axes.set_ylabel("octahedral factor mu (1)")
    axes.legend(fontsize=8, loc="upper right")
    open_frame(axes)
    columns = [name for name in ("formula", "A", "B", "t", "mu", "dropped_by") if name in table]
    radii = stored.document.get("radii") or {}
    return Drawing(
        name="t_and_mu",
        caption="Octahedral factor over tolerance factor; dashed: their limits in the funnel. "
        f"Radii: {radii.get('words', 'not told')}."
        f"{'' if drawn.all() else f' {int((~drawn).sum())} without radii are not drawn.'}",
        alt="Map of t and mu. "
        + "; ".join(
            f"of {int(own.sum())} compounds known as {label}, {int((own & passing).sum())} meet "
            "all criteria"
            for label, own in known_by_experiment(table).items()
        )
        + f"; {stored.document['counts']['shortlist']} candidates pass in all.",
        figure=figure,
        data=table[columns],
        wide=True,
    )


def _dots(axes: Axes, table: pd.DataFrame, colour: str, label: str) -> None:
    axes.scatter(
        table["t"],
        table["mu"],
        s=7,
        color=colour,
        alpha=0.55,
        linewidths=0,
        label=label,
        rasterized=len(table) > RASTERED,
    )


def _density(figure: Figure, axes: Axes, stored: StoredScreening) -> None:
    """Draw how many of all candidates lie where, read part by part."""
    from matplotlib.colors import LogNorm

    ends = [
        [(float(table[name].min()), float(table[name].max())) for name in ("t", "mu")]
        for table in stored.tables("t", "mu")
    ]
    edges = [
        np.linspace(min(each[i][0] for each in ends), max(each[i][1] for each in ends), CELLS + 1)
        for i in (0, 1)
    ]
    counts = np.zeros((CELLS, CELLS))
    for table in stored.tables("t", "mu"):
        known = table.dropna()
        counts += np.histogram2d(known["t"], known["mu"], edges)[0]
    shown = axes.pcolormesh(
        *edges,
        np.where(counts > 0, counts, np.nan).T,
        norm=LogNorm(),
        cmap=SEQUENTIAL,
        rasterized=True,
    )
    label = "candidates in a cell (number)"
    figure.colorbar(shown, ax=axes, label=label, shrink=0.7, pad=0.01, format="{x:g}")


def known_by_experiment(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return which candidates an experiment has called a perovskite, and which not."""
    if "bartel2019" not in table:
        return {}
    found = {}
    for label in ("perovskite", "not a perovskite"):
        own = (table["bartel2019"] == label).to_numpy()
        if own.any():
            found[label] = own
    return found
