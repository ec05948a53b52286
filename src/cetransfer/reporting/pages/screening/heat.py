"""The energies of all pairs of elements, marked by what is known of each compound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.figures.grid import grid_figure
from cetransfer.reporting.pages.palette import AMBER, VERMILION
from cetransfer.reporting.pages.screening.stored import ENERGY, UNIT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cetransfer.reporting.pages.screening.stored import StoredScreening

LIGHT, DARK = "#fefefe", "#020202"

RASTERED = 300

MARKS = {
    "training data": (".", LIGHT, "in the training data"),
    "perovskite (": ("o", VERMILION, "known, a perovskite"),
    "not a perovskite (": ("x", DARK, "known, not a perovskite"),
    "not found": ("+", AMBER, "not found anywhere"),
}
"""By what a word of the provenance begins with; what is only calculated is not marked."""


def heat_drawing(stored: StoredScreening) -> Drawing | None:
    """Draw energy by A and B with marks; None without energies or with shared sites."""
    if not stored.pairs or not stored.has(ENERGY, "A", "B"):
        return None
    table = stored.candidates
    figure, axes, on_a, on_b = grid_figure(table, ENERGY, f"formation energy ({UNIT})")
    words = table["provenance"].str.split("; ")
    place_a, place_b = ({name: place for place, name in enumerate(each)} for each in (on_a, on_b))
    told = []
    for beginning, (marker, colour, label) in MARKS.items():
        own = words.map(lambda each, first=beginning: any(one.startswith(first) for one in each))
        if not own.any():
            continue
        rows, columns = table.loc[own, "A"].map(place_a), table.loc[own, "B"].map(place_b)
        _mark(axes, (columns.tolist(), rows.tolist()), (marker, colour), f"{label}: {own.sum()}")
        told.append(f"{int(own.sum())} {label}")
    if told:
        figure.legend(loc="outside upper left", ncols=4, fontsize=8, facecolor="#8a8a8a")
    low = table.sort_values(ENERGY).iloc[0]
    return Drawing(
        name="energy_by_pair",
        caption="Formation energy for each A and B, by atomic number. Marks say what is known of "
        "the compound; without a mark it is in a table of calculations only.",
        alt=f"Heat map of {len(on_a)} by {len(on_b)} elements; the lowest energy is that of "
        f"{low['formula']}, {low[ENERGY]:.2f} {UNIT}; {', '.join(told) or 'nothing is known'}.",
        figure=figure,
        data=table[["formula", "A", "B", ENERGY, "provenance"]],
        wide=True,
    )


def _mark(
    axes: Axes, where: tuple[list[int], list[int]], look: tuple[str, str], label: str
) -> None:
    marker, colour = look
    # open circles leave the colour below them to be seen
    filled: dict[str, Any] = (
        {"facecolors": "none", "edgecolors": colour} if marker == "o" else {"c": colour}
    )
    axes.scatter(*where, s=6 if marker == "." else 14, marker=marker, linewidths=0.8, label=label,
                 rasterized=len(where[0]) > RASTERED, **filled)  # fmt: skip
