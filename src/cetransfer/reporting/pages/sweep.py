"""The report of a sweep: nested score, winners, importance, history."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.errors import UserError
from cetransfer.files import read_table
from cetransfer.reporting.frames import open_frame
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.lineage import lineage_sections
from cetransfer.reporting.pages.page import Listing, Page, Section, Words
from cetransfer.reporting.pages.palette import AMBER, BLUE, GREEN, report_style
from cetransfer.reporting.pages.rests_on import code_limits, rests_on
from cetransfer.reporting.pages.table import Column, PageTable, fixed, signed
from cetransfer.reporting.sweep import sentence
from cetransfer.reporting.sweep_figure import history_figure
from cetransfer.sweeps.result import TRIALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cetransfer.tracking.lineage.graph import Graph


def sweep_page(
    document: Mapping[str, Any], folder: Path, command: Sequence[str], graph: Graph | None = None
) -> Page:
    """Draw a sweep.

    Raises
    ------
    UserError
        If the table of its trials is not there.
    """
    if not (folder / TRIALS).is_file():
        raise UserError(
            f"{folder} has no trials ({TRIALS} is missing), so there is nothing to draw; give the "
            "sweep's command again, which writes it"
        )
    trials = read_table(folder / TRIALS)
    with report_style():
        importance = _importance(document)
        sections = [
            Section("score", "What the winners are worth", [_outer(document), _score(document)]),
            Section("winners", "The winners", _winners(document)),
            Section(
                "importance",
                "What mattered",
                [importance]
                if importance
                else [Words("There were too few trials to tell what mattered.")],
            ),
            Section(
                "history",
                "How the search went",
                [_history(document, trials), _trials(document, trials)],
            ),
            *lineage_sections(graph),
        ]
    return Page(
        title=f"Sweep {document['sweep']} on {document['dataset']}, {document['protocol_words']}",
        verdict=sentence(document),
        sections=sections,
        rests_on=rests_on(document),
        limits=_limits(document),
        command=command,
        notes=document["notes"],
    )


def _rows(document: Mapping[str, Any]) -> pd.DataFrame:
    rows = []
    for outer in document["outer"]:
        for winner in outer["winners"]:
            score = winner["outer"] or {}
            rows.append(
                {
                    "fold": "none" if outer["fold"] is None else f"{outer['fold']}",
                    **{key: winner[key] for key in ("trial", "labels", "size")},
                    "outer_error": score.get("error", np.nan),
                    "low": score.get("low", np.nan),
                    "high": score.get("high", np.nan),
                    "best_inner_error": winner["best_inner_error"],
                    "fresh_inner_error": winner["fresh_inner_error"],
                    "optimism": winner["optimism"],
                }
            )
    return pd.DataFrame(rows)


def _outer(document: Mapping[str, Any]) -> PageTable:
    unit = document["unit"]
    return PageTable(
        name="winners",
        caption=f"Winners and their errors ({unit})",
        columns=(
            Column("fold", "outer fold"),
            Column("trial", "trial"),
            Column("labels", "labels"),
            Column("size", "parameters"),
            Column("outer_error", "outer score", fixed(4)),
            Column("low", "95 % from", fixed(4)),
            Column("high", "to", fixed(4)),
            Column("best_inner_error", "best inner error", fixed(4)),
            Column("fresh_inner_error", "on fresh inner folds", fixed(4)),
            Column("optimism", "optimism", signed(4)),
        ),
        data=_rows(document),
    )


def _score(document: Mapping[str, Any]) -> Drawing:
    from matplotlib.figure import Figure

    table = _rows(document)
    figure = Figure(figsize=(7.5, 1.4 + 0.4 * len(table)), layout="constrained")
    axes = figure.subplots()
    heights = np.arange(len(table))[::-1]
    label = "best inner error, chosen by"
    axes.plot(table["best_inner_error"], heights, "o", color=AMBER, fillstyle="none", label=label)
    axes.plot(table["fresh_inner_error"], heights, "s", color=GREEN, label="fresh inner folds")
    scored = table["outer_error"].notna().to_numpy()
    if scored.any():
        own = table[scored]
        axes.errorbar(
            own["outer_error"],
            heights[scored],
            xerr=[own["outer_error"] - own["low"], own["high"] - own["outer_error"]],
            fmt="D",
            color=BLUE,
            capsize=4,
            label="outer score, 95 %",
        )
    axes.set_yticks(heights, [f"fold {row.fold}, trial {row.trial}" for row in table.itertuples()])
    axes.set_xlabel(f"mean absolute error ({document['unit']})")
    figure.legend(loc="outside lower left", ncols=3, fontsize=8, frameon=False)
    open_frame(axes, "x")
    return Drawing(
        name="nested_score",
        caption="Each winner: the inner error that it was chosen by, which is too good, that on "
        "fresh inner folds, and the outer score, on rows that no trial of its study saw.",
        alt=sentence(document),
        figure=figure,
        data=table,
        wide=True,
    )


def _winners(document: Mapping[str, Any]) -> list[Listing | PageTable | Words]:
    rows = [
        {
            "fold": "none" if outer["fold"] is None else f"{outer['fold']}",
            "trial": winner["trial"],
            "parameter": key,
            "value": f"{value:.4g}" if isinstance(value, float) else str(value),
        }
        for outer in document["outer"]
        for winner in outer["winners"]
        for key, value in winner["parameters"].items()
    ]
    lines = [
        f"cetransfer compare {shlex.join(words)}"
        for outer in document["outer"]
        for winner in outer["winners"]
        # sweeps of before have none
        if (words := winner.get("compare")) is not None
    ]
    return [
        PageTable(
            name="parameters",
            caption="Parameters of the winners",
            columns=(
                Column("fold", "outer fold"),
                Column("trial", "trial"),
                Column("parameter", "key"),
                Column("value", "value"),
            ),
            data=pd.DataFrame(rows),
        ),
        Listing("The winners as words of a command", "\n".join(lines)),
    ]


def _importance(document: Mapping[str, Any]) -> Drawing | None:
    """Draw what `optuna.importance` says, which the sweep has written down."""
    from matplotlib.figure import Figure

    found = {
        f"{place}": outer["importances"]
        for place, outer in enumerate(document["outer"])
        if outer["importances"]
    }
    if not found:
        return None
    table = pd.DataFrame(found).fillna(0.0)
    table = table.loc[table.mean(axis=1).sort_values().index]
    figure = Figure(figsize=(7.5, 1.2 + 0.45 * len(table)), layout="constrained")
    axes = figure.subplots()
    heights = np.arange(len(table))
    axes.barh(heights, table.mean(axis=1), color=BLUE, alpha=0.7)
    for fold in table:
        axes.plot(table[fold], heights, "k.", markersize=5)
    axes.set_yticks(heights, list(table.index))
    axes.set_xlabel("share of the variance of the inner error (1)")
    axes.set_xlim(left=0)
    open_frame(axes, "x")
    order = table.mean(axis=1)[::-1]
    return Drawing(
        name="importance",
        caption="Importance of each key: bars are means over the studies, dots the studies.",
        alt="What mattered: "
        + ", ".join(f"{key} {share:.0%}" for key, share in order.items())
        + ".",
        figure=figure,
        data=table.rename_axis("key").reset_index(),
        wide=True,
    )


def _history(document: Mapping[str, Any], trials: pd.DataFrame) -> Drawing:
    complete = trials[trials["state"] == "complete"]
    return Drawing(
        name="history",
        caption="Inner errors in the order of trials, a panel per study; the line is the best so "
        "far, the band the outer score of the winner.",
        alt=f"{len(trials)} trials, {len(complete)} of them complete; inner errors from "
        f"{complete['inner_error'].min():.4f} to {complete['inner_error'].max():.4f} "
        f"{document['unit']}.",
        figure=history_figure(document, trials),
        data=trials,
        wide=True,
    )


def _trials(document: Mapping[str, Any], trials: pd.DataFrame) -> PageTable:
    keys = [each["key"] for each in document["space"] if each["key"] in trials]
    return PageTable(
        name="trials",
        caption="All trials",
        columns=(
            Column("outer", "study"),
            Column("trial", "trial"),
            Column("state", "state"),
            Column("inner_error", f"inner error ({document['unit']})", fixed(4)),
            *(Column(key, key) for key in keys),
        ),
        data=trials,
    )


def _limits(document: Mapping[str, Any]) -> list[str]:
    found = []
    if document["score"] is None:
        found.append(
            "No outer fold was kept from the trials, so there is no nested score: the inner error "
            "of the winner is too good and no result."
        )
    else:
        found.append(
            "The nested score is that of the search, not of one configuration: each outer fold has "
            "a winner of its own."
        )
    found.append("Importance is that of the values tried; it does not say which value to take.")
    return found + code_limits(document)
