"""Two sets of energies for the same candidates: a list's and a model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, GREEN, GREY, INK, VERMILION
from cetransfer.reporting.pages.screening.stored import ENERGY, UNIT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from cetransfer.reporting.pages.screening.stored import StoredScreening

RASTERED = 500


def lists_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw the energies of a list against those of a model, where both were screened."""
    other = f"model_{ENERGY}"
    if "comparison" not in stored.document or not stored.has(ENERGY, other):
        return None
    from matplotlib.figure import Figure

    table = stored.candidates
    first, second = stored.passing, (table["model_dropped_by"] == "").to_numpy(bool)
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
    for own, colour, marker, label in (
        (~first & ~second, GREY, ".", "in none"),
        (first & second, BLUE, ".", "in both"),
        (first & ~second, VERMILION, "^", "in the list's only"),
        (~first & second, GREEN, "s", "in the model's only"),
    ):
        _points(axes, table[own], (colour, marker), f"{label}: {int(own.sum())}")
    ends = [table[[ENERGY, other]].min().min(), table[[ENERGY, other]].max().max()]
    axes.plot(ends, ends, color=INK, linewidth=0.7)
    axes.set_xlabel(f"formation energy of the list ({UNIT})")
    axes.set_ylabel(f"formation energy of the model ({UNIT})")
    axes.legend(fontsize=8, title="shortlist", frameon=False, alignment="left")
    open_frame(axes)
    compared = stored.document["comparison"]
    counts = compared["counts"]
    return Drawing(
        name="two_lists",
        caption=f"The list's energies ({stored.document['energies']['words']}) against those of "
        f"{compared['second']}; the colour tells which shortlist a candidate is in.",
        alt=f"Two lists: {counts['both']} candidates in both, {counts['only_first']} in the list's "
        f"only, {counts['only_second']} in the model's only; the energies differ by "
        f"{compared['mean_absolute_difference']:.3f} {UNIT} on average.",
        figure=figure,
        data=table[["formula", ENERGY, other, "dropped_by", "model_dropped_by"]],
        wide=True,
    )


def _points(axes: Axes, table: pd.DataFrame, look: tuple[str, str], label: str) -> None:
    colour, marker = look
    axes.scatter(
        table[ENERGY],
        table[f"model_{ENERGY}"],
        s=18 if marker != "." else 9,
        marker=marker,
        color=colour,
        alpha=0.6,
        linewidths=0,
        label=label,
        rasterized=len(table) > RASTERED,
    )
