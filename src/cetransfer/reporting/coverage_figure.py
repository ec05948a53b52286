"""How often the intervals hold on rows never trained on, and how wide they are, as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.reporting.frames import open_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cetransfer.evaluation.comparison import Comparison
    from cetransfer.evaluation.coverage import Coverage, Held
    from cetransfer.reporting.pages.comparison.stored import Stored

# Okabe & Ito, https://jfly.uni-koeln.de/color/: told apart by colour-blind readers too
KINDS = {
    "all rows": ("overall", "o", "black", 8),
    "lowest third of predicted energy": ("low", "v", "#0072B2", 5),
    "middle third": ("middle", "s", "#009E73", 5),
    "highest third": ("high", "^", "#D55E00", 5),
    "an element new to its site": ("element_new", "x", "#CC79A7", 6),
}


def coverage_figure(comparison: Comparison | Stored) -> Figure:
    """Draw, a line per strategy, the share of rows in their interval, and the mean widths."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    names = list(comparison.coverage)[::-1]
    nominal = comparison.document["coverage"]["nominal"]
    figure = Figure(figsize=(8.5, 2.0 + 0.42 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    left.axvline(nominal, color="black", linewidth=0.8, linestyle=":")
    for height, name in enumerate(names):
        _shares(left, comparison.coverage[name], height)
        _widths(right, comparison.coverage[name], height)
    left.set_yticks(range(len(names)), names)
    left.set_ylim(-0.6, len(names) - 0.4)
    left.set_xlabel(f"share of rows in their interval (nominal {nominal:g})")
    unit = comparison.document["unit"]
    right.set_xlabel(f"mean width ({unit})")
    right.set_xscale("log")
    right.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.xaxis.set_major_formatter("{x:g}")
    right.xaxis.set_minor_formatter("")
    widths = [found.width for found in comparison.coverage.values()]
    right.set_xlim(min(widths) / 1.6, 1.6 * max(widths))
    for axes in (left, right):
        open_frame(axes, "x")
    figure.legend(loc="outside lower left", fontsize=8, ncols=4, frameon=False)
    figure.suptitle(
        f"intervals of {comparison.document['n_unseen']} rows never trained on",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure


def _shares(axes: Axes, found: Coverage, height: int) -> None:
    for label, (field, marker, colour, size) in KINDS.items():
        kind: Held = getattr(found, field)
        if kind.coverage is not None:
            axes.plot(
                kind.coverage,
                height,
                marker,
                color=colour,
                markersize=size,
                markerfacecolor="none" if field == "overall" else colour,
                label=label if height == 0 else None,
            )


def _widths(axes: Axes, found: Coverage, height: int) -> None:
    axes.plot(
        found.width_unscaled,
        height,
        "|",
        color="#999999",
        markersize=12,
        label="plain CV+" if height == 0 else None,
    )
    axes.plot(found.width, height, "ko", markersize=5, label="scaled" if height == 0 else None)
    axes.annotate(
        f"{found.width:.3f}",
        (found.width, height),
        xytext=(0, 7),
        textcoords="offset points",
        ha="center",
        fontsize=8,
    )
