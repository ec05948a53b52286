"""Where the error lies: by element on the periodic table, and by pair of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.figures.grid import grid_figure
from cetransfer.reporting.pages.figures.periodic import periodic_figure

if TYPE_CHECKING:
    from cetransfer.reporting.pages.comparison.stored import Stored

SHOWN = 3
"""Elements that a text names at either end."""


def element_errors(stored: Stored) -> pd.DataFrame:
    """Return, for each element, rows and mean absolute error of the best and of the reference."""
    names = list(dict.fromkeys((stored.best.name, stored.reference.name)))
    table = stored.scored[stored.scored["strategy"].isin(names)]
    long = pd.concat([table.assign(element=table[site]) for site in "AB"])
    # an element on both sites of a compound counts once
    long = long.drop_duplicates(["strategy", "repeat", "fold", "row", "element"])
    long = long[long["element"].astype(bool)].assign(absolute=lambda each: each["error"].abs())
    found = long.pivot_table(index="element", columns="strategy", values="absolute")[names]
    rows = long.groupby("element")["row"].nunique().rename("rows")
    found = found.set_axis([f"mae_{name}" for name in names], axis=1).join(rows).reset_index()
    if len(names) > 1:
        found["difference"] = found[f"mae_{names[0]}"] - found[f"mae_{names[1]}"]
    return found


def element_drawings(stored: Stored) -> list[Drawing]:
    """Draw the error by element, and how it differs from the reference's."""
    table = element_errors(stored)
    best, reference = stored.best.name, stored.reference.name
    own = table.set_index("element")[f"mae_{best}"].sort_values()
    drawings = [
        Drawing(
            name="error_by_element",
            caption=f"Mean absolute error of {best} over the scored compounds that have the "
            f"element on A or B, in {stored.unit}; those without a number are in none.",
            alt=f"Error of {best} by element: highest for {_ends(own[::-1], stored.unit)}; lowest "
            f"for {_ends(own, stored.unit)}.",
            figure=periodic_figure(
                {best: _by_name(own)}, f"mean absolute error ({stored.unit})", digits=2
            ),
            data=table,
            wide=True,
        )
    ]
    if "difference" in table:
        shift = table.set_index("element")["difference"].sort_values()
        worse = int((shift > 0).sum())
        drawings.append(
            Drawing(
                name="difference_by_element",
                caption=f"Error of {best} less that of {reference} by element, in {stored.unit}: "
                "below 0, transfer helped there.",
                alt=f"Transfer helped for {len(shift) - worse} of {len(shift)} elements, most for "
                f"{_ends(shift, stored.unit)}; least for {_ends(shift[::-1], stored.unit)}.",
                figure=periodic_figure(
                    {f"{best} less {reference}": _by_name(shift)},
                    f"difference of mean absolute errors ({stored.unit})",
                    digits=3,
                    differences=True,
                ),
                data=table,
                wide=True,
            )
        )
    return drawings


def _ends(values: pd.Series[float], unit: str) -> str:
    return ", ".join(f"{name} ({value:.3f} {unit})" for name, value in values[:SHOWN].items())


def _by_name(values: pd.Series[float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in values.items()}


def pair_drawing(stored: Stored) -> Drawing | None:
    """Draw the error of the best strategy by A and B; None without a site B."""
    table = stored.scored[stored.scored["strategy"] == stored.best.name]
    table = table[table["B"].astype(bool)]
    if table.empty:
        return None
    table = table.assign(absolute_error=table["error"].abs())
    # a few rows far off would make all others look alike
    most = float(table["absolute_error"].quantile(0.98)) or None
    figure, *_ = grid_figure(
        table, "absolute_error", f"absolute error of {stored.best.name} ({stored.unit})", most=most
    )
    worst = table.sort_values("absolute_error").iloc[-1]
    means = table.groupby(["A", "B"], sort=True)["absolute_error"].mean().reset_index()
    return Drawing(
        name="error_by_pair",
        caption=f"Absolute error of {stored.best.name} for each A and B, by atomic number; pairs "
        "without a scored row are blank. The scale ends at 98 % of the rows.",
        alt=f"Map of errors over {len(means)} pairs of A and B; the largest is {worst['compound']} "
        f"with {worst['absolute_error']:.2f} {stored.unit}.",
        figure=figure,
        data=means,
        wide=True,
    )
