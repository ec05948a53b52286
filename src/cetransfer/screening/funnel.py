"""The funnel: criteria in their order, how many candidates each leaves and which it drops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.evidence import Evidence


@dataclass(frozen=True)
class Step:
    """One criterion of a funnel: how many candidates came to it and how many passed.

    `nearest` is the value nearest to its limits, or within, of those that came to it; None where
    they have none.
    """

    criterion: Criterion
    before: int
    after: int
    nearest: float | None

    def told(self) -> dict[str, Any]:
        """Return what `screen.json` says of it."""
        return {
            "criterion": self.criterion.name,
            "words": self.criterion.words,
            "symbol": self.criterion.symbol,
            "unit": self.criterion.unit,
            "source": self.criterion.source,
            "column": self.criterion.column,
            "limits": self.criterion.limits.told(),
            "before": self.before,
            "after": self.after,
            "dropped": self.before - self.after,
        }


@dataclass(frozen=True)
class Funnel:
    """What a list of criteria makes of n candidates.

    Parameters
    ----------
    steps
        In their order.
    quantities
        (n,) that of each criterion, by the criterion's name.
    dropped_by
        (n,) the first criterion that each does not meet, "" where it meets all.
    """

    steps: tuple[Step, ...]
    quantities: dict[str, NDArray[np.float64]]
    dropped_by: NDArray[np.object_]

    @property
    def passing(self) -> NDArray[np.bool_]:
        """Which candidates meet all criteria (n,)."""
        return np.asarray(self.dropped_by == "", bool)


def run_funnel(
    criteria: Sequence[Criterion], evidence: Evidence, count: int, *, may_be_empty: bool = False
) -> Funnel:
    """Apply criteria one after the other.

    Parameters
    ----------
    criteria
        In their order.
    evidence
        Of the candidates.
    count
        Of the candidates.
    may_be_empty
        Go on where a criterion leaves nothing.

    Raises
    ------
    UserError
        If a criterion leaves nothing where something is wanted: which one, and what value would
        leave something.
    """
    dropped_by = np.full(count, "", dtype=object)
    left = np.ones(count, bool)
    steps: list[Step] = []
    found: dict[str, NDArray[np.float64]] = {}
    for criterion in criteria:
        values = criterion.values(evidence)
        found[criterion.name] = values
        passing = left & criterion.holds(values)
        if not passing.any() and not may_be_empty:
            raise UserError(emptied(criterion, int(left.sum()), values[left], steps))
        dropped_by[left & ~passing] = criterion.name
        nearest = criterion.limits.nearest(values[left])
        steps.append(Step(criterion, int(left.sum()), int(passing.sum()), nearest))
        left = passing
    return Funnel(tuple(steps), found, dropped_by)


def emptied(
    criterion: Criterion, count: int, values: NDArray[np.float64], steps: Sequence[Step]
) -> str:
    """Say that a criterion leaves nothing of `count` candidates, and what would leave something.

    `values` are theirs, those next to the limits at least.
    """
    before = f" that {steps[-1].criterion.name} leaves" if steps else ""
    return (
        f"criterion {criterion.name} ({criterion.words}) leaves none of the {count} "
        f"candidates{before}; {criterion.remedy(values)}"
    )


def told(steps: Sequence[Step]) -> list[Mapping[str, Any]]:
    """Return what `screen.json` says of a funnel."""
    return [step.told() for step in steps]
