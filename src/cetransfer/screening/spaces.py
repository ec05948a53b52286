"""Spaces of candidates: which elements stand on the sites of a prototype, alone or sharing one.

A space is a grid: every way to fill A with every way to fill B. A way to fill a site is a set of
`share` different elements in equal parts, kept as a row of element numbers, so that whatever
belongs to one site (a mean radius, a mean feature vector) is worked out once for each row of
`Space.ways` and the millions of compounds are sums over a row and a column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.dataset import ELEMENTS
from cetransfer.datasets.elements import ELEMENTS_73
from cetransfer.errors import UserError, nearest
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.settings_screening import SpaceSettings
    from cetransfer.structures.prototypes import Prototype

CATIONS = ("A", "B")

ANION = "O"

MOST_SHARES = 2

LIST = "list"
"""The space that is the user's own file, see `cetransfer.screening.own_list`."""

AT_ONCE = 1_000_000
"""Candidates in one table; more of them are taken in parts."""


@dataclass(frozen=True)
class Space:
    """All compounds of a prototype with chosen elements on A and B, and oxygen on X.

    Candidate number ``i * len(ways("B")) + j`` has way `i` of A and way `j` of B.

    Parameters
    ----------
    name
        As in `conf/space`.
    prototype
        With the roles A, B and X.
    elements
        Those allowed on each site.
    shares
        How many different elements share each site, in equal parts.
    """

    name: str
    prototype: Prototype
    elements: dict[str, tuple[str, ...]]
    shares: dict[str, int]

    def ways(self, site: str) -> NDArray[np.int64]:
        """Return the ways (n, share) to fill a site: numbers of `elements[site]`, ascending."""
        numbers = range(len(self.elements[site]))
        return np.array(list(combinations(numbers, self.shares[site])), np.int64)

    def count(self, site: str) -> int:
        """Return the number of ways to fill a site."""
        return math.comb(len(self.elements[site]), self.shares[site])

    def __len__(self) -> int:
        return self.count("A") * self.count("B")

    @property
    def mixed(self) -> bool:
        """Whether some site is shared."""
        return max(self.shares.values()) > 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns with the elements of the cation sites: ``A``, ``B`` or ``A``, ``B``, ``B2``."""
        return tuple(
            column for site in CATIONS for column in site_columns(site)[: self.shares[site]]
        )

    def candidates(self, first: int = 0, last: int | None = None) -> pd.DataFrame:
        """Return candidates number `first` up to `last` (not included).

        Returns
        -------
        pandas.DataFrame
            ``formula``, `columns` and ``X``; index 0, 1, 2, ...

        Raises
        ------
        UserError
            If there are more than `AT_ONCE` of them.
        """
        import pandas as pd

        last = len(self) if last is None else min(last, len(self))
        if last - first > AT_ONCE:
            raise UserError(
                f"space {self.name} has {last - first} candidates, more than a table takes at once "
                f"({AT_ONCE}); give fewer elements, space.elements=[...]"
            )
        rows = dict(zip(CATIONS, np.divmod(np.arange(first, last), self.count("B")), strict=True))
        units = math.lcm(*self.shares.values())
        found: dict[str, NDArray[np.object_]] = {}
        formula: NDArray[np.object_] | str = ""
        for site in CATIONS:
            ways, symbols = self.ways(site), np.array(self.elements[site], dtype=object)
            number = written(self.prototype.counts[site] * units // self.shares[site])
            names = symbols[ways]
            formula = formula + (names + number).sum(axis=1)[rows[site]]
            for place, column in enumerate(site_columns(site)[: self.shares[site]]):
                found[column] = names[rows[site], place]
        formula = formula + f"{ANION}{written(self.prototype.counts['X'] * units)}"
        return pd.DataFrame({"formula": formula, **found, "X": ANION})


def site_columns(site: str) -> tuple[str, ...]:
    """Return the columns of a site: ``("A", "A2")``."""
    return tuple(f"{site}{place or ''}" for place in (0, *range(2, MOST_SHARES + 1)))


def written(number: int) -> str:
    """Return a number as a formula has it: nothing for 1."""
    return "" if number == 1 else str(number)


def make_space(settings: SpaceSettings) -> Space:
    """Return the space that a configuration describes; of ``list`` there is none.

    Raises
    ------
    UserError
        For a prototype without the sites A, B and X, a word that is no element, an element given
        twice, or fewer elements than share a site.
    """
    prototype = prototype_for(settings)
    shares = {"A": settings.share_a, "B": settings.share_b}
    elements = {
        "A": _elements("elements_a", settings.elements_a, settings.elements),
        "B": _elements("elements_b", settings.elements_b, settings.elements),
    }
    for site, share in shares.items():
        if not 1 <= share <= MOST_SHARES:
            raise UserError(f"space.share_{site.lower()}={share} must be 1 or {MOST_SHARES}")
        if len(elements[site]) < share:
            raise UserError(
                f"{share} different elements share {site}, but only {len(elements[site])} may "
                f"stand there; give more, space.elements_{site.lower()}=[...]"
            )
    return Space(settings.name, prototype, elements, shares)


def prototype_for(settings: SpaceSettings) -> Prototype:
    """Return the prototype of a space.

    Raises
    ------
    UserError
        If there is none of that name, or it has other sites than A, B and X.
    """
    prototype = prototype_named(settings.prototype)
    if prototype.roles != (*CATIONS, "X"):
        raise UserError(
            f"space.prototype={settings.prototype} has the sites {', '.join(prototype.roles)}; "
            "give one with A, B and X, perovskite or spinel"
        )
    return prototype


def _elements(
    key: str, of_site: Sequence[str] | None, of_all: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the elements of a site in the order given, each checked."""
    given = of_all if of_site is None else of_site
    key = "elements" if of_site is None else key
    if given is None:
        return ELEMENTS_73
    for element in given:
        if element not in ELEMENTS:
            hint = nearest(element, ELEMENTS, "give symbols, such as [Sr,Ba,Ti]")
            raise UserError(f"space.{key}: {element!r} is no element; {hint}")
        if list(given).count(element) > 1:
            raise UserError(f"space.{key}: {element} occurs twice; leave one out")
    if not given:
        raise UserError(f"space.{key} is empty; give elements, or leave it out for all 73")
    return tuple(given)
