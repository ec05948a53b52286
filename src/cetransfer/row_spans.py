"""Row numbers in few characters: ``"1-20,22"``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def spans_of(rows: NDArray[np.integer]) -> str:
    """Return row numbers, in any order and possibly repeated, as spans in rising order."""
    numbers = np.unique(rows)
    if not len(numbers):
        return ""
    ends = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate([[0], ends + 1])]
    lasts = numbers[np.concatenate([ends, [len(numbers) - 1]])]
    return ",".join(
        f"{first}" if first == last else f"{first}-{last}"
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    )


def holds(spans: str, row: int) -> bool:
    """Tell whether a row is among those of the spans."""
    return any(first <= row <= last for first, last in _pairs(spans))


def union(spans: Iterable[str]) -> str:
    """Return the rows of several spans as one."""
    pairs = [pair for each in spans for pair in _pairs(each)]
    return spans_of(np.concatenate([np.arange(a, b + 1) for a, b in pairs] or [np.empty(0, int)]))


def count(spans: str) -> int:
    """Return how many rows the spans hold."""
    return sum(last - first + 1 for first, last in _pairs(spans))


def _pairs(spans: str) -> list[tuple[int, int]]:
    pairs = []
    for span in filter(None, spans.split(",")):
        first, _, last = span.partition("-")
        pairs.append((int(first), int(last or first)))
    return pairs
