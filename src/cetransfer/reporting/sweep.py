"""What a sweep prints, and `cetransfer sweep status`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cetransfer.sweeps.status import Progress

WIDTH = 110
SHOWN = 6
"""Trials of a front that are printed; the file has all of them."""


def show_sweep(document: Mapping[str, Any]) -> None:
    """Print a line per winner, its overrides, what mattered, and the score in a sentence."""
    console = _console()
    table = Table(
        box=SIMPLE_HEAD,
        title=f"sweep {document['sweep']} on {document['dataset']}: mean absolute error, "
        f"{document['unit']} ({document['protocol_words']})",
        title_justify="left",
    )
    for title in ("outer fold", "trials", "winner", "labels", "size"):
        table.add_column(title, justify="right")
    for title in ("outer score", "95 %", "fresh folds", "optimism"):
        table.add_column(title, justify="right")
    for place, outer in enumerate(document["outer"]):
        for winner in outer["winners"][:SHOWN]:
            score = winner["outer"]
            table.add_row(
                f"{place}",
                _trials(outer["trials"]),
                f"{winner['trial']}",
                f"{winner['labels']}",
                f"{winner['size']}",
                f"{score['error']:.4f}" if score else "-",
                f"{score['low']:.3f} to {score['high']:.3f}" if score else "-",
                f"{winner['fresh_inner_error']:.4f}",
                f"{winner['optimism']:+.4f}",
            )
        more = len(outer["winners"]) - SHOWN
        if more > 0:
            table.add_row("", "", f"{more} more", "", "", "", "", "", "")
    console.print(table)
    for place, outer in enumerate(document["outer"]):
        winner = outer["winners"][0]
        words = " ".join(map(shlex.quote, winner["overrides"]))
        console.print(f"winner {place}  {words}", highlight=False, markup=False, soft_wrap=True)
        if outer["importances"]:
            shares = ", ".join(f"{key} {share:.0%}" for key, share in outer["importances"].items())
            console.print(f"  what mattered: {shares}", highlight=False, markup=False)
    told = sentence(document)
    for line in (told, *(note for note in document["notes"] if note not in told)):
        console.print(line, highlight=False, markup=False)


def sentence(document: Mapping[str, Any]) -> str:
    """Return what the search found, in a sentence that names no inner score as the result."""
    unit, score = document["unit"], document["score"]
    optimism = (
        f"Optimism of the inner score that winners were chosen by: {document['optimism']:+.4f} "
        f"{unit} (error on fresh inner folds less the best inner error)."
    )
    if score is None:
        return f"{document['notes'][0]}. {optimism}"
    return (
        f"Nested score: {score['error']:.4f} {unit} (95 %: {score['low']:.4f} to "
        f"{score['high']:.4f}) over {score['rows']} rows that no trial of their study saw. "
        f"{optimism}"
    )


def show_status(studies: Sequence[Progress]) -> None:
    """Print a line per study."""
    console = _console()
    table = Table(box=SIMPLE_HEAD)
    titles = ["sweep", "outer fold", "finished", "states", "best inner error", "winner scored"]
    for title in (*titles, "at work"):
        table.add_column(title, justify="left" if title in {"sweep", "states"} else "right")
    for study in studies:
        table.add_row(
            study.place,
            f"{study.outer}",
            f"{study.finished} of {study.asked}",
            _trials(study.trials, "running" if study.machines else "interrupted"),
            "-" if study.best is None else f"{study.best:.4f}",
            "yes" if study.judged else "no",
            f"{study.machines}",
        )
    console.print(table)
    for study in studies:
        if study.parameters:
            words = ", ".join(f"{key}={_short(value)}" for key, value in study.parameters.items())
            console.print(
                f"best so far, {study.place} fold {study.outer}: {words}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    if any(study.machines == 0 and not study.judged for study in studies):
        console.print(
            "nobody is at work on a sweep that has not ended; the command that began it goes on",
            highlight=False,
        )
    console.print(
        "the best inner error is the lowest of many and no result; that is the outer score, once "
        "the winner is scored",
        highlight=False,
    )


def _trials(counted: Mapping[str, int], running: str = "running") -> str:
    words = {**{state: state for state in counted}, "running": running}
    return ", ".join(f"{number} {words[state]}" for state, number in counted.items() if number)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value}"


def _console() -> Console:
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    return console
