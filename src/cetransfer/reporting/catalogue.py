"""What `data list` and `data show` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.datasets.rests_on import rests_on
from cetransfer.reporting.tables import WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.datasets.overview import Overview

HASH_SHOWN = 12
"""Digits of a hash in the list; `data show` has all of them."""


FETCHED = "; the first command that needs it fetches it"


def show_list(overviews: Sequence[Overview]) -> None:
    """Print one line per data set, then where each comes from."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for header in ("data set", "here", "rows", "elements", "A x B", "eV/atom", "licence"):
        right = header in {"rows", "elements"}
        table.add_column(header, justify="right" if right else "left", no_wrap=True)
    for each in overviews:
        figures = each.figures
        cells = ["", "", "", ""]
        if figures is not None:
            cells = [
                str(figures.rows),
                str(figures.elements),
                f"{figures.on_a} x {figures.on_b}, {figures.coverage:.0%}",
                f"{figures.lowest:.2f} to {figures.highest:.2f}",
            ]
        table.add_row(each.name, each.here, *cells, each.entry.licence)
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    console.print(table)
    lines = Console(soft_wrap=True, highlight=False, markup=False)
    for each in overviews:
        doi = f", doi {each.entry.doi}" if each.entry.doi else ""
        lines.print(f"{each.name}: {each.entry.about}{doi}")
        for copy in each.copies:
            digest = "" if copy.sha256 is None else copy.sha256[:HASH_SHOWN]
            about = ", ".join(f"{name} {value}" for name, value in copy.details)
            lines.print(f"  {digest:<{HASH_SHOWN}}  {copy.name}  ({about or copy.address})")


def show_one(overview: Overview) -> None:
    """Print everything known of one data set."""
    entry, figures = overview.entry, overview.figures
    lines = [
        ("data set", overview.name),
        ("about", entry.about),
        ("prototype", entry.prototype or "the one you name"),
        ("sites", "true" if entry.true_sites else "in the order of the formula"),
        ("rests on", ", ".join(entry.rests_on) or "not known"),
        ("licence", entry.licence),
        ("DOI", entry.doi or "none"),
        ("here", f"{overview.here}{FETCHED if overview.here == 'no' else ''}"),
    ]
    if figures is not None:
        lines += [
            ("rows", str(figures.rows)),
            ("elements", str(figures.elements)),
            ("A x B", f"{figures.on_a} x {figures.on_b}, {figures.coverage:.1%} of all pairs"),
            ("energies", f"{figures.lowest:.4f} to {figures.highest:.4f} eV/atom"),
        ]
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for key, value in lines:
        console.print(f"{key:<10} {value}")
    for line in rests_on(overview.name, entry.rests_on):
        console.print(f"note       {line}")
    for copy in overview.copies:
        console.print(f"origin     {copy.address}")
        console.print(f"  file     {copy.name}")
        for name, value in copy.details:
            console.print(f"  {name:<8} {value}")
        console.print(f"  SHA-256  {copy.sha256 or 'not here, versioned with the project'}")
        console.print(f"  here     {copy.path or 'no'}")
