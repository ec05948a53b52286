"""A learning curve as a figure and as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from cetransfer.reporting.frames import open_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.console import Console

#: of a line, as matplotlib takes them
Dashes = str | tuple[int, tuple[int, ...]]

# Okabe & Ito, https://jfly.uni-koeln.de/color/: told apart by colour-blind readers too; the lines
# of a round of colours have dashes of their own
COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933", "#882255")
DASHES = ("-", "--", ":")
REFERENCE = "#D55E00"
# by turns, and the dashes with them: two baselines are never the same line
BASELINES = ("#999999", "#555555")
BASELINE_DASHES: tuple[Dashes, ...] = ("-", "--", ":", "-.", (0, (8, 2)))
MARKS = {
    "gain": "gain",
    "negative_transfer": "worse",
    "not_distinguishable": "open",
}


def curve_figure(curve: pd.DataFrame, title: str, unit: str) -> Figure:
    """Draw the error over the number of labelled rows, with the 95 % interval over draws."""
    mpl.use("Agg")
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

    sizes = sorted(curve["n_labelled"].unique())
    names = list(dict.fromkeys(curve["strategy"]))
    figure = Figure(figsize=(8.5, 5.0), layout="constrained")
    axes = figure.subplots()
    styles = _styles(curve)
    for place, name in enumerate(names):
        # side by side, so that intervals at one size can be told apart
        shift = 1.0 + 0.012 * (place - (len(names) - 1) / 2)
        _line(axes, curve[curve["strategy"] == name], name, shift, *styles[name])
    axes.set(xscale="log", yscale="log")
    lowest = 0.3 * float(curve["mae"].min())
    axes.set_ylim(
        bottom=max(lowest, 0.8 * float(curve["draw_low"].min())),
        top=1.15 * float(curve["draw_high"].max()),
    )
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xlabel("labelled target rows")
    axes.set_ylabel(f"mean absolute error ({unit})\n95 % interval over draws")
    axes.set_title(title, fontsize=9, loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
    open_frame(axes, "both")
    return figure


def _styles(curve: pd.DataFrame) -> dict[str, tuple[str, Dashes]]:
    """Return colour and dashes of every line."""
    styles: dict[str, tuple[str, Dashes]] = {}
    own = 0
    for name, lines in curve.groupby("strategy", sort=False):
        if (lines["kind"] == "baseline").all():
            before = sum(colour in BASELINES for colour, _ in styles.values())
            colour = BASELINES[before % len(BASELINES)]
            styles[str(name)] = (colour, BASELINE_DASHES[before % len(BASELINE_DASHES)])
        elif lines["p_corrected"].isna().all():
            styles[str(name)] = (REFERENCE, "-")
        else:
            round_, place = divmod(own, len(COLOURS))
            styles[str(name)] = (COLOURS[place], DASHES[round_ % len(DASHES)])
            own += 1
    return styles


def _line(
    axes: Axes, lines: pd.DataFrame, name: str, shift: float, colour: str, dashes: Dashes
) -> None:
    mae = lines["mae"].to_numpy()
    axes.errorbar(
        lines["n_labelled"].to_numpy() * shift,
        mae,
        yerr=np.clip([mae - lines["draw_low"], lines["draw_high"] - mae], 0.0, None),
        label=name,
        color=colour,
        linestyle=dashes,
        marker="s" if colour in BASELINES else "o",
        markersize=3.5,
        linewidth=1.2 if colour in BASELINES else 1.5,
        elinewidth=0.8,
        capsize=2,
    )


def show_curve(curve: pd.DataFrame, document: Mapping[str, Any], console: Console) -> None:
    """Print the error at every size, what it says of a gain, and where the gain is lost."""
    crossover, last_gain = document["crossover"], document["last_gain"]
    sizes = sorted(curve["n_labelled"].unique())
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        title="mean absolute error by labelled rows; gain, worse or open against target only",
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    for size in sizes:
        table.add_column(str(size), no_wrap=True)
    table.add_column("crossover", no_wrap=True)
    table.add_column("last gain", no_wrap=True)
    own = curve[curve["kind"] == "strategy"]
    for name, lines in own.groupby("strategy", sort=False):
        cells = [
            f"{line.mae:.3f} {MARKS.get(str(line.verdict), '')}".rstrip()
            for line in lines.itertuples()
        ]
        where = [
            "" if name not in each else str(each[name] or "none") for each in (crossover, last_gain)
        ]
        table.add_row(str(name), *cells, *where)
    console.print(table)
    console.print(
        "crossover: the smallest number of labelled rows whose interval of the gain includes 0; "
        "last gain: the largest with a gain.",
        highlight=False,
    )
