"""Groups of elements to hold out, and how often intervals held for compounds with one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.models.intervals import NOMINAL
from cetransfer.screening.worth.resampling import LEVEL, element_weights

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

GROUPS = 5


@dataclass(frozen=True)
class Held:
    """The compounds that hold an element of one group, and their intervals.

    Parameters
    ----------
    elements
        Of the group.
    sites
        m rows, the element on each cation site.
    within
        (m,) whether the label lies in the interval.
    width
        (m,) of the interval, eV/atom.
    """

    elements: frozenset[str]
    sites: pd.DataFrame
    within: NDArray[np.bool_]
    width: NDArray[np.float64]


def element_groups(
    present: Sequence[Collection[str]], random: np.random.Generator
) -> list[frozenset[str]]:
    """Deal all elements of rows into `GROUPS` groups of about equal number.

    Parameters
    ----------
    present
        The elements of each row.
    random
        Deals them.
    """
    names = np.array(sorted(set().union(*present)))
    dealt = np.array_split(random.permutation(names), min(GROUPS, len(names)))
    return [frozenset(map(str, part)) for part in dealt]


def holding(present: Sequence[Collection[str]], group: frozenset[str]) -> NDArray[np.bool_]:
    """Tell which rows (n,) hold an element of a group, on whatever site."""
    return np.array([not group.isdisjoint(own) for own in present], np.bool_)


def coverage_of_groups(held: Sequence[Held], random: np.random.Generator) -> dict[str, Any]:
    """Return how often the intervals of all groups held.

    A compound counts once in each group that it holds an element of. The 95 % interval of the
    share is that of reweighted elements, see `cetransfer.screening.worth.resampling`.

    Parameters
    ----------
    held
        Of each group.
    random
        For the interval.
    """
    within = np.concatenate([each.within for each in held])
    sites = pd.concat([each.sites for each in held], ignore_index=True)
    weights = element_weights(sites, random)
    low, high = np.quantile(weights @ within / weights.sum(axis=1), LEVEL)
    return {
        "nominal": NOMINAL,
        "compounds": len(within),
        "coverage": float(within.mean()),
        "low": float(low),
        "high": float(high),
        "width": float(np.concatenate([each.width for each in held]).mean()),
        "groups": [
            {
                "elements": sorted(each.elements),
                "compounds": len(each.within),
                "coverage": float(each.within.mean()),
            }
            for each in held
        ],
    }
