"""What a simulation of choosing labels shows: its figure, and its table for the terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.evaluation.statistics import corrected_t
from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.palette import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    SKY,
    VERMILION,
    report_style,
)
from cetransfer.screening.suggestion.methods.chance import RANDOM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cetransfer.screening.suggestion.simulation.run import Simulation

NAMES = ("simulation.png", "simulation.svg")
WIDTH = 110
TITLE = 96
MARKERS = "osD^v<>"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, SKY, AMBER)


def draw_simulation(made: Simulation, folder: Path) -> None:
    """Draw the error of every method over the number of labels, with 95 % over the beginnings."""
    with report_style():
        _draw(made, folder)


def _draw(made: Simulation, folder: Path) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

    document, table = made.document, made.table
    figure = Figure(figsize=(8.0, 4.8), layout="constrained")
    axes = figure.subplots()
    names = [*(name for name in document["methods"] if name != RANDOM), RANDOM]
    for place, name in enumerate(names):
        own = table[table["method"] == name].groupby("labels")["mae"]
        sizes = np.array(list(own.groups), np.float64)
        tests = [corrected_t(errors.to_numpy(np.float64), 0.0) for _, errors in own]
        mean = np.array([test.mean for test in tests])
        colour = GREY if name == RANDOM else COLOURS[place % len(COLOURS)]
        axes.errorbar(
            sizes * (1.0 + 0.006 * (place - (len(names) - 1) / 2)),
            mean,
            yerr=[mean - [test.low for test in tests], [test.high for test in tests] - mean],
            label=f"{name} (control)" if name == RANDOM else name,
            color=colour,
            linestyle="--" if name == RANDOM else "-",
            marker=MARKERS[place % len(MARKERS)],
            markersize=4,
            linewidth=1.5,
            elinewidth=0.8,
            capsize=2,
        )
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_major_locator(FixedLocator(_ticks(sorted(table["labels"].unique()))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xlabel("labelled compounds")
    axes.set_ylabel(f"mean absolute error ({document['unit']})\non rows never labelled")
    title = (
        f"{document['strategy']} on {document['target']}, mean of "
        f"{document['config']['seeds']} beginnings with 95 % intervals"
    )
    axes.set_title(textwrap.fill(title, TITLE), fontsize=9, loc="left")
    axes.legend(fontsize=8, frameon=False)
    open_frame(axes, "both")
    for name in NAMES:
        # no date in the file: the same numbers give the same bytes
        figure.savefig(folder / name, dpi=150, metadata={"Date": None} if "svg" in name else {})


def _ticks(sizes: list[int]) -> list[int]:
    """Return the sizes that are far enough apart to be written."""
    found: list[int] = []
    for size in sizes:
        if not found or size >= 1.15 * found[-1]:
            found.append(size)
    return found


def show_simulation(document: Mapping[str, Any], output: Path) -> None:
    """Print what each method saves, what that rests on, and the verdict."""
    config, unit = document["config"], document["unit"]
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        title=f"{document['strategy']} on {document['target']}: {config['seeds']} beginnings with "
        f"{config['first']} labels, {config['rounds']} rounds of {config['n']}",
        title_justify="left",
    )
    for column in ("method", "labels", f"MAE, {unit}", "random", "Δ", "95 %", "p", "random needs"):
        table.add_column(column, justify="left" if column == "method" else "right", no_wrap=True)
    for column in ("saved", "95 %"):
        table.add_column(column, justify="right", no_wrap=True)
    for line in document["labels_saved"]:
        more = ">" if line["at_least"] else ""
        table.add_row(
            line["method"],
            str(line["labels"]),
            f"{line['mae']:.4f}",
            f"{line['mae_random']:.4f}",
            f"{line['delta']:+.4f}",
            f"{line['delta_low']:+.4f} {line['delta_high']:+.4f}",
            f"{line['p_corrected']:.4f}",
            f"{more}{line['random_labels']:.0f}",
            f"{more}{line['saved']:.0f}",
            f"{line['saved_low']:.0f} to {line['saved_high']:.0f}",
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    console.print(table)
    console.print(document["verdict"], markup=False)
    console.print(
        "p: Student's paired t over beginnings, corrected for the number of methods (Holm).",
        markup=False,
    )
    for line in document["limits"]:
        console.print(f"limit: {line}", markup=False)
    console.print(f"files     {output}", markup=False, soft_wrap=True)
