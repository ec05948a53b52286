"""Which source rows a source net is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.row_elements import elements_of
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain

#: a network needs two rows to know their spread
FEWEST = 2

#: of each source, the rows that are trained on
SourceRows = tuple["NDArray[np.int64]", ...]


def rows_without(source: Domain, elements: frozenset[str]) -> NDArray[np.int64]:
    """Return the rows of a source that hold none of the elements, on whatever site.

    Raises
    ------
    UserError
        If none are left.
    """
    rows = np.flatnonzero([elements.isdisjoint(row) for row in elements_of(source.sites)])
    if len(rows) < FEWEST:
        raise UserError(
            f"source {source.name} has {len(rows)} rows without {', '.join(sorted(elements)[:5])} "
            "...; give more protocol.folds, or protocol.source_has_element=true"
        )
    return rows


def positions(sources: Sequence[Domain], rows: SourceRows) -> NDArray[np.int64]:
    """Return where rows stand in the features of all sources below each other, in all views."""
    found, before = [], 0
    for source, own in zip(sources, rows, strict=True):
        found.append(before + source.in_all_views(own))
        before += len(source.labels)
    return np.concatenate(found)
