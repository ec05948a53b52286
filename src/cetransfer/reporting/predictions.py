"""What `predict` prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

NUMBERS = ("lower", "upper")


def _cell(value: object) -> str:
    """Write a cell; a model of a protocol without folds has no interval."""
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.4f}"
    return str(value)


def show_predictions(table: pd.DataFrame, about: dict[str, Any], shown: int) -> None:
    """Print the first rows of a table of predictions, and which model they are of."""
    quantity = about["quantity"]
    printed = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    columns = [column for column in table if column != "model"]
    for column in columns:
        right = column in {quantity, *NUMBERS}
        printed.add_column(str(column), justify="right" if right else "left", no_wrap=True)
    for row in table[columns].head(shown).itertuples(index=False, name=None):
        printed.add_row(*map(_cell, row))
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, 100)
    console.print(printed)
    if len(table) > shown:
        console.print(f"and {len(table) - shown} more; output=FILE.csv writes all of them")
    console.print(
        f"{quantity} in {about['unit']}; model {about['id']} ({about['strategy']['name']} on "
        f"{about['dataset']}), error in cross-validation {about['scores']['mae']:.4f}",
        markup=False,
    )
