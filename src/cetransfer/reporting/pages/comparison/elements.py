"""The elements of labelled rows, of which a comparison keeps the formulas."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

SYMBOL = re.compile("[A-Z][a-z]?")


def elements_of_formulas(formulas: Sequence[str]) -> list[set[str]]:
    """Return the elements of each formula but those that all share, the anion of an oxide."""
    found = [set(SYMBOL.findall(formula)) for formula in formulas]
    shared = set.intersection(*found) if len(found) > 1 else set()
    return [each - shared for each in found]


def elements_of_sites(frame: pd.DataFrame) -> list[set[str]]:
    """Return the elements on A and B of each row."""
    sites = [frame[site].astype(str) for site in "AB" if site in frame]
    return [set(row) - {""} for row in zip(*sites, strict=True)]


def counted(rows: Iterable[set[str]]) -> dict[str, float]:
    """Return how many rows have each element."""
    counts = Counter(name for each in rows for name in each)
    return {name: float(count) for name, count in counts.items()}
