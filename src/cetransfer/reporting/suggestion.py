"""What `suggest` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cetransfer.screening.suggestion.files import SUGGESTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

WIDTH = 118
NUMBERS = {"prediction": ".3f", "lower": ".3f", "upper": ".3f", "spread": ".3f"}


def show_suggestion(
    document: Mapping[str, Any], table: pd.DataFrame, shown: int, output: Path
) -> None:
    """Print the first suggestions, what they rest on, and where all of them are."""
    counts, model = document["counts"], document["model"]
    printed = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    columns = ["rank", "formula", *NUMBERS, "why"]
    for column in columns:
        text = column in {"formula", "why"}
        printed.add_column(column, justify="left" if text else "right", no_wrap=column != "why")
    for row in table[columns].head(shown).itertuples(index=False, name=None):
        cells = zip(columns, row, strict=True)
        printed.add_row(*(_cell(name, value) for name, value in cells))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    console.print(printed)
    if (more := len(table) - shown) > 0:
        console.print(f"and {more} more in {SUGGESTIONS}", markup=False)
    units = (
        f"{document['quantity'].replace('_', ' ')} in {document['unit']} with its interval from "
        "lower to upper; spread: standard "
        f"deviation of the members of model {model['id']} ({model['strategy']} on "
        f"{model['dataset']})"
    )
    chosen = (
        f"chosen: {document['method_words']} (method={document['method']}), among the "
        f"{counts['candidates'] - counts['labelled']} of {counts['candidates']} compounds of "
        f"{document['space']} that have no label"
    )
    for line in (units, chosen, *document["notes"], f"files     {output}"):
        console.print(line, markup=False, soft_wrap=True)


def _cell(name: str, value: object) -> str:
    return f"{value:{NUMBERS[name]}}" if name in NUMBERS else str(value)
