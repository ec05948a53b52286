"""Figures of a comparison as PNG files."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from cetransfer.evaluation.predictions import ensemble
from cetransfer.evaluation.result import COVERAGE
from cetransfer.reporting.coverage_figure import coverage_figure
from cetransfer.reporting.frames import open_frame

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cetransfer.evaluation.comparison import Comparison
    from cetransfer.evaluation.scores import Score
    from cetransfer.reporting.pages.comparison.stored import Stored

    Compared = Comparison | Stored

# Okabe & Ito, https://jfly.uni-koeln.de/color/: told apart by colour-blind readers too
COLOURS = {"transfer": "#0072B2", "target only": "#D55E00", "baseline": "#999999"}
PANELS_PER_ROW = 3
TITLE = 70
"""Letters in a line of a title."""
PANEL_LETTERS = 32
"""Letters below a panel."""
DPI = 150
RASTERED = 500
"""More points than this are an image, also in a drawing of lines: the file stays small."""


def draw_comparison(comparison: Comparison, folder: Path) -> None:
    """Write `strategies.png`, `parity.png` and, where there are such, intervals and curve."""
    mpl.use("Agg")
    strategies_figure(comparison).savefig(folder / "strategies.png", dpi=DPI)
    parity_figure(comparison).savefig(folder / "parity.png", dpi=DPI)
    if comparison.curve is not None:
        from cetransfer.reporting.curve import curve_figure

        unit = comparison.document["unit"]
        drawn = curve_figure(comparison.curve, title(comparison), unit)
        drawn.savefig(folder / "learning_curve.png", dpi=DPI)
    if comparison.coverage:
        coverage_figure(comparison).savefig(folder / COVERAGE, dpi=DPI)


def strategies_figure(comparison: Compared) -> Figure:
    """Draw the error of every strategy and baseline with its 95 % interval, best on top."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from matplotlib.ticker import LogLocator

    baselines = {line.name for line in comparison.baselines}
    lines = sorted(
        (*comparison.strategies, *comparison.baselines), key=lambda line: line.mae, reverse=True
    )
    figure = Figure(figsize=(7.5, 0.8 + 0.42 * len(lines)), layout="constrained")
    axes = figure.subplots()
    for height, line in enumerate(lines):
        kind = "baseline" if line.name in baselines else "transfer"
        kind = "target only" if line is comparison.reference else kind
        _interval(axes, line, height, COLOURS[kind], "s" if kind == "baseline" else "o")
    axes.set_yticks(range(len(lines)), [_labelled(line) for line in lines])
    unit = comparison.document["unit"]
    axes.set_xlabel(f"mean absolute error ({unit}, log scale), 95 % interval over compounds")
    # the worst are ten times the best: a linear axis would squeeze the best together
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.axvline(
        comparison.reference.mae, color=COLOURS["target only"], linewidth=0.8, linestyle=":"
    )
    # above the names too: the axes alone may be too narrow for it
    figure.suptitle(title(comparison), fontsize=10, x=0.01, ha="left")
    axes.set_xlim(right=1.3 * max(line.mae_high for line in lines))
    handles = [Patch(color=colour, label=kind) for kind, colour in COLOURS.items()]
    axes.legend(handles=handles, loc="upper right", fontsize=8, frameon=False)
    open_frame(axes, "x")
    return figure


def _interval(axes: Axes, line: Score, height: int, colour: str, marker: str) -> None:
    axes.errorbar(
        line.mae,
        height,
        xerr=[[line.mae - line.mae_low], [line.mae_high - line.mae]],
        fmt=marker,
        color=colour,
        capsize=3,
        markersize=5,
    )
    axes.annotate(
        f"{line.mae:.3f}",
        (line.mae_high, height),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )


def _labelled(line: Score) -> str:
    return f"{line.name}  ({line.verdict.replace('_', ' ')})" if line.verdict else line.name


def title(comparison: Compared) -> str:
    """Return which data a comparison was about, and how it was made."""
    document = comparison.document
    words = (
        f"{' + '.join(source['name'] for source in document['sources'])} to "
        f"{document['target']['name']}, {document['protocol_words']}"
    )
    return textwrap.fill(words, TITLE)


def parity_figure(comparison: Compared) -> Figure:
    """Draw predicted against given labels, a panel per strategy, on scored folds."""
    from matplotlib.figure import Figure

    quantity, unit = comparison.document["quantity"], comparison.document["unit"]
    table = ensemble(comparison.predictions, quantity)
    table = table[table["part"] == comparison.part]
    names = [line.name for line in comparison.strategies]
    rows = -(-len(names) // PANELS_PER_ROW)
    columns = min(PANELS_PER_ROW, len(names))
    figure = Figure(figsize=(3.1 * columns, 3.2 * rows + 0.3), layout="constrained")
    panels = np.atleast_1d(figure.subplots(rows, columns, squeeze=True)).ravel()
    chosen = table[table["strategy"].isin(names)]
    low = float(min(chosen[quantity].min(), chosen["prediction"].min()))
    high = float(max(chosen[quantity].max(), chosen["prediction"].max()))
    for axes, line in zip(panels, comparison.strategies, strict=False):
        _parity(axes, chosen[chosen["strategy"] == line.name], quantity, line, (low, high))
    for axes in panels[len(names) :]:
        axes.remove()
    figure.supxlabel(
        f"given {quantity.replace('_', ' ')} ({unit})\n"
        + textwrap.fill(" ".join(title(comparison).split()), PANEL_LETTERS * columns),
        fontsize=9,
    )
    figure.supylabel(f"predicted ({unit})", fontsize=9)
    return figure


def _parity(
    axes: Axes, table: pd.DataFrame, quantity: str, line: Score, limits: tuple[float, float]
) -> None:
    axes.plot(limits, limits, color="black", linewidth=0.7)
    axes.scatter(
        table[quantity],
        table["prediction"],
        s=5,
        alpha=0.5,
        linewidths=0,
        rasterized=len(table) > RASTERED,
        color=COLOURS["transfer" if line.verdict else "target only"],
    )
    axes.set_title(f"{line.name}: MAE {line.mae:.3f}, R² {line.r2:.2f}", fontsize=9)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
