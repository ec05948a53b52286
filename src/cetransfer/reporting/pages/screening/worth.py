"""Which criterion is worth what: each by itself and all together, where experiments tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, VERMILION
from cetransfer.reporting.pages.screening.t_mu import known_by_experiment
from cetransfer.reporting.pages.table import Column, PageTable, fixed, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.reporting.pages.screening.stored import StoredScreening

MEASURES = (
    ("average_precision", "average precision", fixed(2)),
    ("enrichment_top_5_percent", "enrichment of first 5 %", fixed(2)),
    ("precision", "precision of chosen", percent),
    ("recall", "recall", percent),
    ("enrichment", "enrichment of chosen", fixed(2)),
    ("held_out_coverage", "intervals hold on held-out elements", percent),
)
"""What a criterion is worth, each with a 95 % interval; columns, headings, and how written."""


def criteria_alone(stored: StoredScreening) -> pd.DataFrame:
    """Return what each criterion leaves by itself, of all and of known compounds.

    Shares of known compounds come with 95 % intervals of Wilson, doi
    10.1080/01621459.1927.10502953.
    """
    known = known_by_experiment(stored.candidates)
    rows = [
        _row(str(step["criterion"]), str(step["words"]), stored.meets(step), known)
        for step in stored.steps
    ]
    rows.append(_row("all together", "the funnel", stored.passing, known))
    return pd.DataFrame(rows)


def _row(
    name: str, words: str, met: NDArray[np.bool_], known: dict[str, NDArray[np.bool_]]
) -> dict[str, object]:
    row: dict[str, object] = {"criterion": name, "words": words, "passing": int(met.sum())}
    for label, own in known.items():
        key = "perovskites" if label == "perovskite" else "others"
        hits, count = int((met & own).sum()), int(own.sum())
        between = binomtest(hits, count).proportion_ci(method="wilson")
        row |= {key: hits / count, f"{key}_low": between.low, f"{key}_high": between.high}
    return row


def alone_table(stored: StoredScreening, data: pd.DataFrame) -> PageTable:
    """Return that as a table."""
    known = {label: int(own.sum()) for label, own in known_by_experiment(stored.candidates).items()}
    columns = [
        Column("criterion", "criterion"),
        Column("words", "limits"),
        Column("passing", "candidates that meet it by itself"),
    ]
    for key, label in (("perovskites", "perovskite"), ("others", "not a perovskite")):
        if key in data:
            columns += [
                Column(key, f"share of {known[label]} known as {label}", percent),
                Column(f"{key}_low", "95 % from", percent),
                Column(f"{key}_high", "to", percent),
            ]
    return PageTable(
        "criteria_alone", "Each criterion by itself, on what experiments know", tuple(columns), data
    )


def alone_drawing(data: pd.DataFrame) -> Drawing | None:
    """Draw the share of known compounds that each criterion leaves; None if none are known."""
    sides = [
        (key, label, colour)
        for key, label, colour in (
            ("perovskites", "known perovskites (the more the better)", BLUE),
            ("others", "known others (the fewer the better)", VERMILION),
        )
        if key in data
    ]
    if not sides:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 1.4 + 0.5 * len(data)), layout="constrained")
    axes = figure.subplots()
    heights = -np.arange(len(data), dtype=float)
    for shift, (key, label, colour) in zip((0.12, -0.12), sides, strict=False):
        axes.errorbar(
            data[key],
            heights + shift,
            xerr=[data[key] - data[f"{key}_low"], data[f"{key}_high"] - data[key]],
            fmt="o" if key == "perovskites" else "x",
            color=colour,
            capsize=3,
            label=label,
        )
    axes.set_yticks(heights, [str(name) for name in data["criterion"]])
    axes.set_xlabel("share that meets the criterion (1), 95 % interval")
    axes.set_xlim(-0.02, 1.02)
    open_frame(axes, "x")
    figure.legend(loc="outside lower left", ncols=2, fontsize=8, frameon=False)
    every = data.iloc[-1]
    told = "; ".join(f"{every[key]:.0%} of {label.split(' (')[0]}" for key, label, _ in sides)
    return Drawing(
        name="criteria",
        caption="What each criterion leaves by itself of the compounds that experiments have "
        "called perovskites, and of those they have not; last, all criteria together.",
        alt=f"All criteria together leave {told}.",
        figure=figure,
        data=data,
        wide=True,
    )


def worth_table(stored: StoredScreening) -> PageTable | None:
    """Return how the criteria compare on known answers, as the screening has worked it out."""
    if stored.worth is None:
        return None
    columns = [Column(name, name) for name in ("question", "criterion", "yes", "chosen")]
    for key, heading, write in MEASURES:
        if key in stored.worth:
            columns += [
                Column(key, heading, write),
                Column(f"{key}_low", "95 % from", write),
                Column(f"{key}_high", "to", write),
            ]
    return PageTable(
        "worth", "Does the criterion work? On known answers", tuple(columns), stored.worth
    )
