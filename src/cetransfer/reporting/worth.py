"""What a screening prints of known answers: whether its criteria work, and which one to use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.reporting.coverage_words import coverage_lines
from cetransfer.reporting.tables import WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

SHARES = ("precision", "recall")
FACTORS = {
    "enrichment": "enrichment",
    "enrichment_top_5_percent": "of first 5%",
    "average_precision": "av. precision",
}
HELD_OUT = "held_out_coverage"


def show_worth(document: Mapping[str, Any] | None, table: pd.DataFrame | None) -> None:
    """Print a table for each question, how often intervals hold, and the closing sentence."""
    if document is None or table is None:
        return
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    for question, rows in table.groupby("question", sort=False):
        first = rows.iloc[0]
        title = f"Does the criterion work? {question}: {first['yes']} of {first['compounds']}"
        console.print(_table(title, rows))
    lines = Console(soft_wrap=True, highlight=False, markup=False)
    for line in (*coverage_lines(document), *document["notes"], *document["limits"]):
        lines.print(f"  {line}")
    console.print(document["sentence"], markup=False)


def _table(title: str, rows: pd.DataFrame) -> Table:
    printed = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title=title, title_justify="left"
    )
    printed.add_column("criterion", no_wrap=True)
    for header in ("chosen", *SHARES, *FACTORS.values()):
        printed.add_column(header, justify="right", no_wrap=True)
    apart = HELD_OUT in rows
    if apart:
        # how often the intervals hold there; a line below the tables says more
        printed.add_column("held-out", justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        cells = [_percent(row, name) for name in SHARES]
        cells += [_number(row, name) for name in FACTORS]
        cells += [_share(row[HELD_OUT])] if apart else []
        printed.add_row(row["criterion"], str(row["chosen"]), *cells)
    return printed


def _share(value: float) -> str:
    return "" if value != value else f"{value:.0%}"  # noqa: PLR0124 - NaN


def _percent(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    if value != value:  # noqa: PLR0124 - NaN
        return ""
    return f"{value:.0%} ({100 * low:.0f}-{100 * high:.0f})"


def _number(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    return "" if value != value else f"{value:.2f} ({low:.2f}-{high:.2f})"  # noqa: PLR0124 - NaN
