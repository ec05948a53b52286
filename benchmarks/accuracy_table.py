"""The table of README.md that says how accurate the tool is: its rows, and how they get there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.evaluation.baselines import BEST
from cetransfer.files import write_aside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AT_MOST = {
    "li2023_spinels": 0.100,
    "li2023_any": 0.082,
    "li2023_any_100": 0.138,
    "emery2017_spinels": 0.235,
    "emery2017_any": 0.205,
    "emery2017_any_100": 0.295,
    "surrogate_855": 0.062,
    "surrogate_100": 0.145,
}
"""The experiments in the order of their rows, and the error each is to stay below, in eV/atom."""

START, END = "<!-- accuracy -->", "<!-- /accuracy -->"
HEADER = (
    "experiment",
    "target",
    "labels",
    "source",
    "strategy",
    "MAE, eV/atom (95 %)",
    "target_only",
    "best baseline",
    "Δ best baseline",
    "p",
    "at most",
)
HEAD = f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}\n"

SMALLEST_P = 1e-4


def row(experiment: str, document: Mapping[str, Any]) -> str:
    """Return the row of an experiment, from its `comparison.json`."""
    contrast = document["contrast"]
    lines = {line["name"]: line for line in (*document["strategies"], *document["baselines"])}
    own = lines[contrast["strategy"]]
    cells = (
        f"`{experiment}`",
        target(document),
        labels(document),
        sources(document),
        f"`{own['name']}`",
        f"{own['mae']:.4f} ({own['mae_low']:.3f} to {own['mae_high']:.3f})",
        f"{lines['target_only']['mae']:.4f}",
        f"{lines[BEST]['mae']:.4f}",
        f"{contrast['delta']:+.4f}",
        f"<{SMALLEST_P:.4f}" if contrast["p"] < SMALLEST_P else f"{contrast['p']:.4f}",
        f"{AT_MOST[experiment]:.3f}, {reached(own, AT_MOST[experiment])}",
    )
    return f"| {' | '.join(cells)} |\n"


def target(document: Mapping[str, Any]) -> str:
    """Return the target's name, and which of its rows were left out."""
    unequal = "equal_sites" in document["config"]["dataset"]["exclude"]
    return document["target"]["name"] + (", A ≠ B" if unequal else "")


def labels(document: Mapping[str, Any]) -> str:
    """Return how many rows were labelled, and how they were split."""
    protocol = document["protocol"]
    if protocol["draws"] is not None:
        return f"{document['config']['dataset']['n_labelled']}, {protocol['draws']} draws"
    times = f", {protocol['repeats']} times" if protocol["repeats"] > 1 else ""
    return f"{document['n_target']}, {protocol['folds']}-fold{times}"


def sources(document: Mapping[str, Any]) -> str:
    """Return the names of the sources, and whether any of them assists."""
    names = ", ".join(source["name"] for source in document["sources"])
    return names + (" (assisted)" if assisted(document) else "")


def assisted(document: Mapping[str, Any]) -> bool:
    """Return whether a source is labelled by a model of calculations and the target is not.

    What labels rest on names who made them first, then what that was trained on. A target labelled
    by the same model as the source has nothing from outside to be helped by.
    """
    made_target = document["target"]["rests_on"][:1]
    return any(
        bool(source["rests_on"][1:]) and source["rests_on"][:1] != made_target
        for source in document["sources"]
    )


def reached(line: Mapping[str, Any], bound: float) -> str:
    """Return whether an error stays below a bound; missed: its whole 95 % interval is above."""
    if line["mae"] <= bound:
        return "reached"
    return "missed" if bound < line["mae_low"] else "within the interval"


def put(readme: Path, experiment: str, made: str) -> None:
    """Write the row of one experiment into the table; those of others stay.

    Raises
    ------
    UserError
        If the file has no place for the table.
    """
    text = readme.read_text()
    before, start, rest = text.partition(START)
    table, end, after = rest.partition(END)
    if not (start and end):
        raise UserError(f"{readme} has no place for the table; put {START} and {END} where it goes")
    rows = {**rows_of(table), experiment: made}
    body = "".join(rows[name] for name in AT_MOST if name in rows)
    with write_aside(readme) as aside:
        aside.write_text(f"{before}{START}\n{HEAD}{body}{END}{after}")


def rows_of(table: str) -> dict[str, str]:
    """Return the rows of a table by their experiment."""
    return {
        found.group(1): f"{found.group(0)}\n"
        for found in re.finditer(r"^\| `(\w+)` \|.*$", table, re.MULTILINE)
    }
