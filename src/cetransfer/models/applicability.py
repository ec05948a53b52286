"""Does a new row lie where the labelled rows are? Its elements and the range of its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cetransfer.features.domain import Compounds, Domain

OK, ELEMENT_NEW, OUT_OF_RANGE = "ok", "element_new", "out_of_range"


@dataclass(frozen=True)
class Known:
    """Where the labelled rows lie.

    Parameters
    ----------
    elements
        What stands on each site of some row.
    low, high
        (d,) the smallest and the largest value of every feature.
    """

    elements: Mapping[str, tuple[str, ...]]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def elements_seen(self, new: Compounds) -> NDArray[np.bool_]:
        """Tell for each row whether each of its elements is on that site in some labelled row."""
        sites = new.sites
        seen = [sites[site].isin(self.elements.get(str(site), ())).to_numpy() for site in sites]
        every: NDArray[np.bool_] = np.all(seen, axis=0)
        return every

    def features_in_range(self, new: Compounds) -> NDArray[np.bool_]:
        """Tell for each row whether all its features lie between those of labelled rows."""
        features = new.views[0]
        inside = (features >= self.low) & (features <= self.high)
        return np.asarray(inside.all(axis=1))

    def applicability(self, new: Compounds) -> NDArray[np.str_]:
        """Return one word for each row; an element that is new says more than a range."""
        return words_of(self.elements_seen(new), self.features_in_range(new))


def words_of(seen: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Return one word for each row (n,) whose elements were `seen`, and features lie `inside`."""
    return np.where(seen, np.where(inside, OK, OUT_OF_RANGE), ELEMENT_NEW)


def known_of(target: Domain, labelled: NDArray[np.int64]) -> Known:
    """Return where the labelled rows of a data set lie."""
    rows = target.sites.iloc[labelled]
    features = target.views[0][labelled]
    return Known(
        {str(site): tuple(sorted(set(rows[site]))) for site in rows},
        features.min(axis=0),
        features.max(axis=0),
    )
