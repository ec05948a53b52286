"""A table of a report: shown in the page, sorted and filtered there, and kept as CSV."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

FILTERED = 12
"""A table of more rows has a field to filter them by."""


@dataclass(frozen=True)
class Column:
    """A column: its key in the data, its heading with the unit, and how a value is written."""

    key: str
    heading: str
    write: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and the number it is sorted by; None for a text."""

    text: str
    value: float | None


@dataclass(frozen=True)
class PageTable:
    """A table; `data` has more columns than are shown, and all of them go into the CSV file."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    data: pd.DataFrame

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers."""
        return [
            self.data[column.key].dtype.kind in "iufb" if len(self.data) else False
            for column in self.columns
        ]

    @property
    def filtered(self) -> bool:
        """Whether the table is long enough to be filtered."""
        return len(self.data) > FILTERED

    @property
    def rows(self) -> list[list[Cell]]:
        """The cells of every row."""
        shown = self.data[[column.key for column in self.columns]]
        return [
            [_cell(column, value) for column, value in zip(self.columns, row, strict=True)]
            for row in shown.itertuples(index=False, name=None)
        ]


def _cell(column: Column, value: Any) -> Cell:  # noqa: ANN401 - whatever a table holds
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell("", None)
    number = float(value) if not isinstance(value, str) and hasattr(value, "__float__") else None
    if column.write is not None:
        return Cell(column.write(value), number)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return Cell("yes" if value else "no", number)
    return Cell(f"{value:.4g}" if isinstance(value, float) else str(value), number)


def fixed(digits: int) -> Callable[[Any], str]:
    """Return how a number is written with so many decimals."""
    return lambda value: f"{value:.{digits}f}"


def signed(digits: int) -> Callable[[Any], str]:
    """Return how a difference is written with so many decimals."""
    return lambda value: f"{value:+.{digits}f}"


def percent(value: float) -> str:
    """Write a share."""
    return f"{value:.1%}"
