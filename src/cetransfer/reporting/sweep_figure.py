"""The history of a sweep as a PNG file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from cetransfer.reporting.figures import COLOURS
from cetransfer.reporting.frames import open_frame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

HISTORY = "history.png"


def draw_history(document: Mapping[str, Any], trials: pd.DataFrame, folder: Path) -> None:
    """Write `history.png`."""
    mpl.use("Agg")
    history_figure(document, trials).savefig(folder / HISTORY, dpi=150)


def history_figure(document: Mapping[str, Any], trials: pd.DataFrame) -> Figure:
    """Draw inner errors in the order of trials, and the outer score beside them."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    studies = len(document["outer"])
    figure = Figure(figsize=(0.6 + 3.4 * studies, 3.4), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, studies, sharey=True))
    for place, (axes, outer) in enumerate(zip(panels, document["outer"], strict=True)):
        own = trials[trials["outer"] == place]
        for state, colour, marker in (
            ("complete", COLOURS["transfer"], "o"),
            ("pruned", COLOURS["baseline"], "x"),
        ):
            chosen = own[own["state"] == state]
            axes.scatter(
                chosen["trial"],
                chosen["inner_error"],
                s=14,
                color=colour,
                marker=marker,
                label=state,
            )
        complete = own[own["state"] == "complete"]
        axes.step(
            complete["trial"],
            complete["inner_error"].cummin(),
            where="post",
            color=COLOURS["transfer"],
            linewidth=0.8,
            label="best inner error",
        )
        score = outer["winners"][0]["outer"]
        if score is not None:
            axes.axhspan(score["low"], score["high"], color=COLOURS["target only"], alpha=0.15)
            axes.axhline(
                score["error"],
                color=COLOURS["target only"],
                linewidth=1.2,
                label="outer score, 95 %",
            )
        axes.set_title(f"outer fold {place}" if score else "no outer fold", fontsize=9)
        axes.set_xlabel("trial")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
        open_frame(axes)
    panels[0].set_ylabel(f"mean absolute error ({document['unit']}, log scale)")
    panels[0].legend(fontsize=7, frameon=False)
    return figure
