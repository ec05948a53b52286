"""What a screening prints: the funnel, the first rows of the shortlist, what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.reporting.tables import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

DECIMALS = {"t": 3, "mu": 3, "tau": 2, "hull_distance": 3}
"""Of the columns of the shortlist; energies and others have 3."""


def show_screening(document: Mapping[str, Any], shortlist: pd.DataFrame, shown: int) -> None:
    """Print a screening.

    Parameters
    ----------
    document
        The content of ``screen.json``.
    shortlist
        The candidates that pass.
    shown
        How many of them to print.
    """
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    counts, space = document["counts"], document["space"]
    lines = Console(soft_wrap=True, highlight=False, markup=False)
    energies = document["energies"]
    by = "" if energies is None else f"; {energies['words']}"
    lines.print(f"{document['name']}: {counts['candidates']} {space['prototype']}s{by}")
    if document["radii"]:
        lines.print(f"radii: {document['radii']['words']}")
    console.print(_funnel(document["funnel"], counts["candidates"]))
    lines.print(
        f"{counts['shortlist']} pass; {counts['expected']:.0f} of them are expected to meet all "
        "criteria, as sure as the energies are"
    )
    if shown and len(shortlist):
        console.print(_shortlist(shortlist.head(shown), document["funnel"]))
        if energies is not None:
            lines.print("energies, their interval from lower to upper, and distances in eV/atom")
        more = len(shortlist) - shown
        if more > 0:
            lines.print(f"and {more} more in shortlist.csv")
    for line in _further(document):
        lines.print(line)
    known = document["provenance"]["shortlist"]
    lines.print(f"of the shortlist: {', '.join(f'{n} {word}' for word, n in known.items())}")
    for line in (*document["notes"], *document["limits"]):
        lines.print(f"  {line}")


def _funnel(steps: Sequence[Mapping[str, Any]], count: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for header in ("criterion", "", "unit"):
        table.add_column(header, no_wrap=True)
    for header in ("before", "dropped", "after"):
        table.add_column(header, justify="right")
    table.add_row("all", "", "", "", "", str(count))
    for step in steps:
        numbers = (str(step[name]) for name in ("before", "dropped", "after"))
        table.add_row(step["criterion"], step["words"], step["unit"], *numbers)
    return table


def _shortlist(rows: pd.DataFrame, steps: Sequence[Mapping[str, Any]]) -> Table:
    asked = [step["column"] for step in steps]
    energies = [name for name in ("formation_energy", "lower", "upper") if name in rows]
    columns = [*dict.fromkeys(name for name in (*asked, *energies) if name != "charge_balanced")]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for header in ("", "formula"):
        table.add_column(header, no_wrap=True)
    for header in (*columns, "probability"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("provenance")
    for place, row in enumerate(rows.to_dict("records"), 1):
        numbers = (_number(row[name], DECIMALS.get(name, 3)) for name in columns)
        cells = (f"{place}", row["formula"], *numbers, _number(row["probability"], 3))
        table.add_row(*map(str, cells), str(row["provenance"]))
    return table


def _number(value: float, decimals: int) -> str:
    return "" if value != value else f"{value:.{decimals}f}"  # noqa: PLR0124 - NaN


def _further(document: Mapping[str, Any]) -> Iterable[str]:
    """Yield a line for each further list and for the comparison with a model."""
    for name, each in document["further"].items():
        words = ", ".join(step["words"] for step in each["funnel"])
        line = f"{name}: {each['count']} with {words}"
        if published := each.get("published"):
            line += f"; {published['both']} of the {published['count']} published are among them"
        yield f"{line}  ({each['file']})"
    if compared := document.get("comparison"):
        counts = compared["counts"]
        steps = " -> ".join(str(step["after"]) for step in compared["funnel"])
        yield (
            f"the same funnel with {compared['second']}: {document['counts']['candidates']} -> "
            f"{steps}"
        )
        apart, mean = compared["mean_absolute_difference"], compared["mean_difference"]
        yield (
            f"in both {counts['both']}, in the list only {counts['only_first']}, with the model "
            f"only {counts['only_second']}; the model's energies differ by "
            f"{apart:.3f} eV/atom, {mean:+.3f} "
            "on average  (comparison.csv)"
        )
