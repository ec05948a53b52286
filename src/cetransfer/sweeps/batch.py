"""What goes to a worker and comes back: plain values, so that it can travel as JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

INNER = "inner"
"""Folds that trials are scored on."""

FRESH = "fresh"
"""Folds of the same rows that no trial was scored on: what the best score was lucky by."""

OUTER = "outer"
"""The rows that no trial of the study saw."""


@dataclass(frozen=True)
class Item:
    """A trial on some folds.

    Parameters
    ----------
    trial
        Its number.
    parameters
        Key and value of what it changes in the configuration.
    part
        ``"inner"``, ``"fresh"`` or ``"outer"``.
    folds
        Numbers of the folds; of ``"outer"`` there is one, 0.
    members
        Networks per fold; the score is that of their mean prediction.
    """

    trial: int
    parameters: dict[str, Any]
    part: str
    folds: list[int]
    members: int


@dataclass(frozen=True)
class Batch:
    """Items of the study of one outer fold."""

    outer: int
    items: list[Item]

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Batch:
        """Return what `document` made."""
        return cls(**{**document, "items": [Item(**item) for item in document["items"]]})


@dataclass(frozen=True)
class Result:
    """What became of an item.

    Parameters
    ----------
    trial
        Its number.
    errors
        Mean absolute error on each of the item's folds; empty where it could not be trained.
    labels
        Target rows trained on.
    size
        Parameters of one network.
    per_row
        Of the outer fold: the absolute error of each of its rows.
    reason
        Why it could not be trained, else "".
    """

    trial: int
    errors: list[float]
    labels: int = 0
    size: int = 0
    per_row: list[float] = dataclasses.field(default_factory=list)
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Outcome:
    """A batch that came back; `results` is None where its worker died."""

    batch: Batch
    results: list[Result] | None
