"""How the cation sites of many compounds are filled, each way of filling a site told once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cetransfer.screening.spaces import CATIONS, site_columns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.structures.prototypes import Prototype


@dataclass(frozen=True)
class Filled:
    """One site of n compounds.

    Parameters
    ----------
    ways
        The different ways to fill it: elements in equal parts.
    code
        (n,) which of them each compound has.
    """

    ways: tuple[tuple[str, ...], ...]
    code: NDArray[np.intp]


class Compound(NamedTuple):
    """The elements on A and on B, in equal parts, and the anion."""

    a: tuple[str, ...]
    b: tuple[str, ...]
    x: str


@dataclass(frozen=True)
class Sites:
    """The sites of n compounds of one prototype.

    Parameters
    ----------
    cations
        How A and B are filled.
    anion
        (n,) the element on X.
    counts
        Atoms on each site in the smallest formula with whole numbers.
    """

    cations: dict[str, Filled]
    anion: NDArray[np.object_]
    counts: dict[str, int]

    def __len__(self) -> int:
        return len(self.anion)

    def compounds(self) -> tuple[list[Compound], NDArray[np.intp]]:
        """Return the different compounds, and which of them each row is (n,)."""
        anions, anion = np.unique(self.anion.astype(str), return_inverse=True)
        filled = [self.cations[site] for site in CATIONS]
        codes = np.stack([*(each.code for each in filled), anion], axis=1)
        unique, number = np.unique(codes, axis=0, return_inverse=True)
        on_a, on_b = (each.ways for each in filled)
        found = [Compound(on_a[a], on_b[b], str(anions[x])) for a, b, x in unique]
        return found, number.ravel()


def sites_of(frame: pd.DataFrame, prototype: Prototype) -> Sites:
    """Return the sites of a table of candidates.

    Parameters
    ----------
    frame
        Columns A, B and X, and A2, B2 where two elements share a site ("": nothing shares it).
    prototype
        Of the compounds.
    """
    cations = {}
    largest = 1
    for site in CATIONS:
        columns = [column for column in site_columns(site) if column in frame]
        codes = frame.groupby(columns).ngroup()
        known = frame[columns].assign(code=codes).drop_duplicates("code").sort_values("code")
        ways = tuple(
            tuple(element for element in row if element)
            for row in known[columns].itertuples(index=False, name=None)
        )
        largest = math.lcm(largest, *(len(way) for way in ways))
        cations[site] = Filled(ways, codes.to_numpy().astype(np.intp))
    counts = {role: count * largest for role, count in prototype.counts.items()}
    return Sites(cations, frame["X"].to_numpy(dtype=object), counts)
