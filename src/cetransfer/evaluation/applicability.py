"""Does a new row lie where the labelled rows are? Its elements and the range of its features."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain


def elements_seen(
    target: Domain, labelled: NDArray[np.int64], new: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each new row whether each of its elements is on that site in some labelled row."""
    sites = target.sites
    known = sites.iloc[labelled]
    seen: NDArray[np.bool_] = (
        sites.iloc[new].apply(lambda column: column.isin(known[column.name])).all(axis=1).to_numpy()
    )
    return seen


def features_in_range(
    target: Domain, labelled: NDArray[np.int64], new: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each new row whether all its features lie between those of labelled rows."""
    features = target.views[0]
    low, high = features[labelled].min(axis=0), features[labelled].max(axis=0)
    inside: NDArray[np.bool_] = ((features[new] >= low) & (features[new] <= high)).all(axis=1)
    return inside
