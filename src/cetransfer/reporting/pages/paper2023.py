"""The report of a repetition of the paper's procedure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.errors import UserError
from cetransfer.evaluation.paper2023.files import SCORES
from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.lineage import lineage_sections
from cetransfer.reporting.pages.page import Page, Section, Words
from cetransfer.reporting.pages.palette import BLUE, GREY, VERMILION, report_style
from cetransfer.reporting.pages.rests_on import code_limits, rests_on
from cetransfer.reporting.pages.table import Column, PageTable, fixed
from cetransfer.reporting.paper2023 import ARMS, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cetransfer.tracking.lineage.graph import Graph

PROCEDURES = {"repeated": "repeated", "leak_free": "leak-free"}
MARKS = {"target_only": VERMILION, "transfer": BLUE}

LIMITS = (
    "The two arms differ in learning rate, epochs and penalty too: it is not transfer alone.",
    "Leakage: 830 of the 855 target rows have an A and B that also stand together in the source.",
    "Intervals: none are published or made by this procedure.",
)


def paper2023_page(
    document: Mapping[str, Any], folder: Path, command: Sequence[str], graph: Graph | None
) -> Page:
    """Draw published, repeated and leak-free errors side by side.

    Raises
    ------
    UserError
        If the table of its folds is not there.
    """
    if not (folder / SCORES).is_file():
        raise UserError(
            f"{folder} has no errors by fold ({SCORES} is missing), so there is nothing to draw; "
            "run `cetransfer compare dataset=li2023 protocol=paper2023` again"
        )
    folds = pd.read_csv(folder / SCORES)
    with report_style():
        sections = [
            Section(
                "errors",
                "Published, repeated, without the leaks",
                [_table(document), _drawing(document, folds)],
            ),
            Section("recipe", "What was done", [_recipe(document), Words(_leaks(document))]),
            *lineage_sections(graph),
        ]
    return Page(
        title=f"Procedure of Li et al. (2023), doi {document['doi']}",
        verdict=sentence(document),
        sections=sections,
        rests_on=rests_on(document),
        limits=[*LIMITS, *code_limits(document)],
        command=command,
        notes=document["notes"],
    )


def _table(document: Mapping[str, Any]) -> PageTable:
    rows = []
    for arm, title in {"source": "source", **ARMS}.items():
        row = {"arm": title, "published": document["published"].get(arm, np.nan)}
        for procedure in PROCEDURES:
            for measure in ("last", "best", "hold_out"):
                value = document[procedure][arm][measure]
                row[f"{procedure}_{measure}"] = np.nan if value is None else value
        rows.append(row)
    unit = document["unit"]
    return PageTable(
        name="paper2023_errors",
        caption=f"Mean absolute error ({unit}), mean over folds",
        columns=(
            Column("arm", "network"),
            Column("published", "published", fixed(3)),
            Column("repeated_last", "repeated, last epoch", fixed(4)),
            Column("repeated_best", "repeated, best epoch", fixed(4)),
            Column("repeated_hold_out", "repeated, hold-out", fixed(4)),
            Column("leak_free_last", "leak-free, last epoch", fixed(4)),
            Column("leak_free_hold_out", "leak-free, hold-out", fixed(4)),
        ),
        data=pd.DataFrame(rows),
    )


def _drawing(document: Mapping[str, Any], folds: pd.DataFrame) -> Drawing:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3.8), layout="constrained")
    axes = figure.subplots()
    ticks = []
    for place, (procedure, title) in enumerate({"published": "published", **PROCEDURES}.items()):
        for side, (arm, colour) in enumerate(MARKS.items()):
            x = 1.2 * place + 0.45 * side
            ticks.append((x, f"{ARMS[arm]}\n{title}"))
            if procedure == "published":
                axes.plot(x, document["published"][arm], "D", color=colour)
                continue
            own = folds[(folds["procedure"] == procedure) & (folds["arm"] == arm)]["last"]
            axes.plot(
                x + 0.25 * (np.arange(len(own)) / max(len(own) - 1, 1) - 0.5),
                own,
                ".",
                color=GREY,
                markersize=5,
            )
            axes.plot(x, own.mean(), "D", color=colour)
            axes.annotate(
                f"{own.mean():.3f}", (x, own.max()), xytext=(0, 5), textcoords="offset points",
                ha="center", fontsize=8,
            )  # fmt: skip
    axes.set_xticks([x for x, _ in ticks], [words for _, words in ticks], fontsize=7.5)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"mean absolute error ({document['unit']})")
    open_frame(axes, "y")
    delta = document["delta"]
    return Drawing(
        name="paper2023",
        caption="Error after the last epoch: grey dots are folds, diamonds their means; of the "
        "published numbers only the means are known.",
        alt=f"Transfer less target only: published {delta['published']:+.3f}, repeated "
        f"{delta['repeated']:+.4f}, leak-free {delta['leak_free']:+.4f} {document['unit']}.",
        figure=figure,
        data=folds,
        wide=True,
    )


def _recipe(document: Mapping[str, Any]) -> PageTable:
    data = pd.DataFrame(list(document["recipe"].values()))
    return PageTable(
        name="paper2023_recipe",
        caption="The three networks as published",
        columns=(
            Column("name", "network"),
            Column("epochs", "epochs"),
            Column("learning_rate", "learning rate"),
            Column("penalised", "layers with an L1 penalty"),
            Column("folds", "folds"),
        ),
        data=data,
    )


def _leaks(document: Mapping[str, Any]) -> str:
    network = document["config"]["network"]
    return (
        f"Network: {'-'.join(map(str, network['hidden']))}-1, {network['activation']}. As "
        "published, scalers are fitted on all rows, the target-only network is not started anew "
        "between folds, and the fold that chose the checkpoint is the one that is scored; without "
        "the leaks, none of that."
    )
