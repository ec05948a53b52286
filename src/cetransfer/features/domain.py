"""Rows with their features: what networks are trained on, and what they predict for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.features.pairs import Pairs


def hashes_of(*domains: Domain) -> dict[str, str]:
    """Return the SHA-256 of all files that the rows were read from, by file."""
    return {file: value for domain in domains for file, value in domain.data.hashes.items()}


class Compounds(ABC):
    """n compounds seen through their features, all that predicting asks of them.

    `views` are one or more feature matrices (n, d) of the same rows: more than one where it is open
    which of two elements stands on A. A network is trained on all views of a row and predicts their
    mean. `exchanged` (n, d) are the features with A and B exchanged; None where there is no such
    order.
    """

    views: tuple[NDArray[np.float32], ...]
    exchanged: NDArray[np.float32] | None

    @property
    @abstractmethod
    def sites(self) -> pd.DataFrame:
        """The element on each site of the rows."""

    def __len__(self) -> int:
        return len(self.views[0])

    def other_orders(self, view: int) -> tuple[NDArray[np.float32], ...]:
        """Return the features of a view with A and B exchanged, where that can be made."""
        if self.exchanged is None:
            return ()
        return (self.exchanged if view == 0 else self.views[0],)


@dataclass(frozen=True)
class Unlabelled(Compounds):
    """Compounds to predict for; `elements` has a column for each site."""

    elements: pd.DataFrame
    views: tuple[NDArray[np.float32], ...]
    exchanged: NDArray[np.float32] | None = None

    @property
    def sites(self) -> pd.DataFrame:
        """The element on each site of the rows."""
        return self.elements


@dataclass(frozen=True)
class Domain(Compounds):
    """A data set seen through its features.

    Parameters
    ----------
    data
        n rows.
    views, exchanged
        As of all `Compounds`.
    pairs
        All pairs of the cations of sources and target, in the prototype of these rows; None where
        that means nothing.
    """

    data: Dataset
    views: tuple[NDArray[np.float32], ...]
    exchanged: NDArray[np.float32] | None = None
    pairs: Pairs | None = None

    @property
    def name(self) -> str:
        """Of the data set."""
        return self.data.name

    @property
    def features(self) -> NDArray[np.float32]:
        """All views below each other (v n, d)."""
        return np.concatenate(self.views)

    @property
    def labels(self) -> NDArray[np.float64]:
        """The labels, once for each view (v n,)."""
        return np.tile(self.data.labels, len(self.views))

    @property
    def sites(self) -> pd.DataFrame:
        """The element on each site of the rows."""
        return self.data.frame[list(self.data.roles)]

    def in_all_views(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where the rows stand in `features`, once for each view."""
        return np.concatenate([rows + view * len(self) for view in range(len(self.views))])
