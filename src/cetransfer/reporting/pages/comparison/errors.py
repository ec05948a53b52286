"""The errors of a comparison as figures: strategies, paired differences, parity, learning curve."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cetransfer.reporting.curve import curve_figure
from cetransfer.reporting.figures import COLOURS, parity_figure, strategies_figure, title
from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import INK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from cetransfer.evaluation.scores import Score
    from cetransfer.reporting.pages.comparison.stored import Stored


def strategies_drawing(stored: Stored) -> Drawing:
    """Draw the error of every strategy and baseline."""
    lines = [*stored.strategies, *stored.baselines]
    worst = max(lines, key=lambda line: line.mae)
    return Drawing(
        name="strategies",
        caption="Mean absolute error of every strategy and classical baseline on the same rows, "
        "the lowest on top; bars are 95 % intervals over compounds, the dotted line is "
        f"{stored.reference.name}.",
        alt=f"Lowest error: {stored.best.name} with {stored.best.mae:.4f} {stored.unit}; "
        f"{stored.reference.name} has {stored.reference.mae:.4f}; highest: {worst.name} with "
        f"{worst.mae:.4f}.",
        figure=strategies_figure(stored),
        data=pd.DataFrame([dataclasses.asdict(line) for line in lines]).drop(columns="variance"),
        wide=True,
    )


def paired_differences(stored: Stored) -> pd.DataFrame:
    """Return each line's error less the reference's, for every repeat and fold (or draw)."""
    errors = stored.scored.assign(absolute=stored.scored["error"].abs())
    keys = ["strategy", "repeat", "fold"]
    errors["fold"] = errors["fold"].fillna(-1)
    table = errors.pivot_table(
        index=keys[1:], columns="strategy", values="absolute", sort=False, observed=True
    )
    shifted = table.sub(table[stored.reference.name], axis=0).drop(columns=stored.reference.name)
    return shifted.reset_index().melt(
        id_vars=["repeat", "fold"], var_name="strategy", value_name="difference"
    )


def paired_drawing(stored: Stored) -> Drawing:
    """Draw the paired differences from the reference: each replicate, and the interval."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import SymmetricalLogLocator

    table = paired_differences(stored)
    kinds = {line.name: "transfer" for line in stored.strategies}
    kinds |= {line.name: "baseline" for line in stored.baselines}
    lines = [
        line
        for line in (*stored.strategies, *stored.baselines)
        if line.name in set(table["strategy"])
    ]
    lines = sorted(lines, key=lambda line: line.delta, reverse=True)
    figure = Figure(figsize=(7.5, 1.0 + 0.42 * len(lines)), layout="constrained")
    axes = figure.subplots()
    for height, line in enumerate(lines):
        own = table.loc[table["strategy"] == line.name, "difference"].to_numpy()
        colour = COLOURS[kinds[line.name]]
        # spread up and down by their order, which is no chance
        shift = height + 0.36 * (np.arange(len(own)) / max(len(own) - 1, 1) - 0.5)
        axes.plot(own, shift, ".", color=colour, markersize=4, alpha=0.45)
        axes.errorbar(
            line.delta,
            height,
            xerr=[[line.delta - line.delta_low], [line.delta_high - line.delta]],
            fmt="D",
            color=colour,
            markersize=5,
            capsize=4,
        )
    axes.axvline(0, color=COLOURS["target only"], linewidth=1.0)
    margin = float(stored.document["protocol"]["margin"])
    axes.axvspan(-margin, margin, color=COLOURS["target only"], alpha=0.15, linewidth=0)
    # the worst are a hundred times the margin: linear near 0, logarithmic beyond
    linear = max(4 * margin, 0.02)
    axes.set_xscale("symlog", linthresh=linear)
    axes.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=linear, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(lines)), [line.name for line in lines])
    axes.set_xlabel(f"error less that of {stored.reference.name} ({stored.unit}); left is better")
    open_frame(axes, "x")
    best = min((line for line in stored.strategies if line.verdict), key=_delta, default=None)
    found = "There is no other strategy."
    if best is not None:
        found = (
            f"Best: {best.name}, {best.delta:+.4f} {stored.unit} (95 %: {best.delta_low:+.4f} to "
            f"{best.delta_high:+.4f}), {str(best.verdict).replace('_', ' ')}."
        )
    return Drawing(
        name="paired_differences",
        caption="Paired differences: a dot is one fold (or draw), on whose rows both were scored; "
        "the diamond is the mean with the 95 % interval of the corrected test. The band is the "
        f"margin of {margin:g} {stored.unit} that counts as equal; the axis is logarithmic far "
        "from 0.",
        alt=f"Differences from {stored.reference.name}, fold by fold. {found}",
        figure=figure,
        data=table,
        wide=True,
    )


def _delta(line: Score) -> float:
    return line.delta


def parity_drawing(stored: Stored) -> Drawing:
    """Draw predicted against given labels for every strategy."""
    names = [line.name for line in stored.strategies]
    table = stored.scored[stored.scored["strategy"].isin(names)]
    told = "; ".join(
        f"{line.name}: MAE {line.mae:.3f} {stored.unit}, R squared {line.r2:.2f}"
        for line in stored.strategies
    )
    return Drawing(
        name="parity",
        caption="Predicted against given values on rows that the networks were not trained on, a "
        "panel per strategy; a point is the mean of the members of one fold.",
        alt=f"Parity plots. {told}.",
        figure=parity_figure(stored),
        data=table.drop(columns=["part", "row", "error"]),
        wide=True,
    )


def curve_drawing(stored: Stored) -> Drawing | None:
    """Draw the learning curve; None where there is only one number of labelled rows."""
    if stored.curve is None:
        return None
    crossover: dict[str, int | None] = stored.document["crossover"] or {}
    told = "; ".join(
        f"{name} {'at no size' if size is None else f'at {size} rows'}"
        for name, size in crossover.items()
    )
    figure = curve_figure(stored.curve, title(stored), stored.unit)
    _mark_crossovers(figure.axes[0], stored.curve, crossover)
    return Drawing(
        name="learning_curve",
        caption="Learning curve: error over the number of labelled target rows, with 95 % "
        "intervals over draws. Rings mark the crossover, the smallest number of rows at which the "
        f"interval of the gain includes 0: {told or 'there is none'}.",
        alt=f"Learning curve. The gain is no longer sure: {told or 'at no size'}.",
        figure=figure,
        data=stored.curve,
        wide=True,
    )


def _mark_crossovers(axes: Axes, curve: pd.DataFrame, crossover: Mapping[str, int | None]) -> None:
    marked = curve[[crossover.get(name) == size for name, size in
                    zip(curve["strategy"], curve["n_labelled"], strict=True)]]  # fmt: skip
    if len(marked):
        axes.scatter(
            marked["n_labelled"],
            marked["mae"],
            s=120,
            facecolors="none",
            edgecolors=INK,
            label="crossover",
            zorder=4,
        )
        # the legend was made before
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
