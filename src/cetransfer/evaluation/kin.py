"""Rows that err together: those that share an element, or were put into one group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from cetransfer.datasets.dataset import row_numbers
from cetransfer.datasets.row_elements import elements_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset


@dataclass(frozen=True)
class Kin:
    """Which rows of a table have a name in common, be it an element or a group.

    Parameters
    ----------
    rows
        (N,) row numbers, as the predictions have them.
    family
        (N,) rows with the very same names are one family, numbered from 0.
    related
        (U, U) 1 where two families have a name in common, a family with itself included.
    names
        How many names there are of the kind that has the fewest, more than one of them.
    """

    rows: NDArray[np.int64]
    family: NDArray[np.int64]
    related: sparse.csr_array
    names: int

    @classmethod
    def of(cls, rows: NDArray[np.int64], *kinds: Sequence[tuple[str, ...]]) -> Kin:
        """Relate rows.

        Parameters
        ----------
        rows
            (N,) row numbers.
        kinds
            Of each kind of names (elements, groups), those of each row. A name of one kind is
            another than the same word of another kind.
        """
        known = [
            {(kind, name) for kind, names in enumerate(kinds) for name in names[place]}
            for place in range(len(rows))
        ]
        # a row without any name is its own and only relative
        found = [frozenset(own) or frozenset({(-1, str(place))}) for place, own in enumerate(known)]
        families = {own: number for number, own in enumerate(dict.fromkeys(found))}
        column = {name: k for k, name in enumerate(sorted(frozenset().union(*found)))}
        entries = [(number, column[name]) for own, number in families.items() for name in own]
        where = tuple(np.array(entries).T)
        shape = (len(families), len(column))
        has = sparse.csr_array((np.ones(len(entries)), where), shape=shape)
        counts = [len({name for own in names for name in own}) for names in kinds]
        return cls(
            rows,
            np.array([families[own] for own in found]),
            (has @ has.T).sign(),
            min((count for count in counts if count > 1), default=len(families)),
        )

    def variance_of_mean(self, values: pd.Series) -> float:
        """Return the variance of a mean over rows, related ones being correlated as they may.

        With e the values less their mean, the sum of e_r e_s / n^2 over all pairs of related rows,
        r = s included, times G/(G - 1) for G names: the sandwich of regression with clusters that
        overlap, of Cameron, Gelbach & Miller, J. Bus. Econ. Stat. 29:238 (2011),
        doi 10.1198/jbes.2010.07136 (for pairs as here: Fafchamps & Gubert, J. Dev. Econ. 83:326
        (2007), doi 10.1016/j.jdeveco.2006.05.005). Never less than that of unrelated rows, where
        chance, or a name that nearly all rows have, makes it so.

        Parameters
        ----------
        values
            One for each of some of the rows, by row number.
        """
        count = len(values)
        centred = (values - values.mean()).reindex(self.rows, fill_value=0.0).to_numpy(np.float64)
        sums = np.bincount(self.family, centred)
        related = float(sums @ (self.related @ sums)) * _unbiased(self.names)
        alone = float(centred @ centred) * _unbiased(count)
        return max(related, alone) / count**2


def _unbiased(count: int) -> float:
    """Return n/(n - 1): a sum of squares about an estimated mean is so much too small."""
    return count / (count - 1) if count > 1 else 1.0


def cations(data: Dataset) -> list[str]:
    """Return the columns of the cation sites."""
    return [site for site in data.roles if site != "X"]


def kin_of(data: Dataset, *groups: Sequence[tuple[str, ...]]) -> Kin:
    """Relate the rows of a target by their cations, and by groups of each row, where there are."""
    return Kin.of(row_numbers(data.frame), elements_of(data.frame[cations(data)]), *groups)
