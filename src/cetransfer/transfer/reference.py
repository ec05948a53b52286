"""The energy reference: how far the target's energy scale lies from the source's.

Two data sets may count energies from other elemental references, or differ by a correction. What
the source net says of the training rows is then off by a constant, or by a number for each element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

RIDGE = 1.0
"""Pulls the shift of an element with few rows towards zero: the weight of one row."""


@dataclass(frozen=True)
class Reference:
    """A shift of the target's labels against the source's scale, for each of M members.

    Parameters
    ----------
    constant
        (M,), in the label's unit.
    elements
        E symbols; none where the shift is the constant alone.
    shifts
        (M, E): what one site of the element in the formula unit adds.
    """

    constant: NDArray[np.float64]
    elements: tuple[str, ...]
    shifts: NDArray[np.float64]

    def document(self) -> dict[str, Any]:
        """Return the shift as JSON can say it; see `from_document`."""
        return {
            "constant": self.constant.tolist(),
            "elements": list(self.elements),
            "shifts": self.shifts.tolist(),
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Reference:
        """Return the shift that `document` describes."""
        constant = np.array(document["constant"])
        shifts = np.array(document["shifts"]).reshape(len(constant), len(document["elements"]))
        return cls(constant, tuple(document["elements"]), shifts)

    def of(self, sites: pd.DataFrame) -> NDArray[np.float64]:
        """Return the shift (M, n) of n rows by the elements on their sites."""
        return self.constant[:, None] + self.shifts @ element_counts(sites, self.elements).T


def fit_reference(
    policy: str,
    residuals: NDArray[np.float64],
    sites: pd.DataFrame,
    rows: Sequence[NDArray[np.int64]],
) -> Reference:
    """Fit the shift of every member on its own training rows.

    Parameters
    ----------
    policy
        ``"constant"``: the mean residual. ``"per_element"``: that plus one number an element, by
        ridge regression.
    residuals
        (M, n): label minus what the member's source net predicts.
    sites
        n rows, a column of element symbols for each site.
    rows
        M index arrays: the training rows.
    """
    constant = np.array([residuals[m, index].mean() for m, index in enumerate(rows)])
    if policy == "constant":
        return Reference(constant, (), np.zeros((len(rows), 0)))
    elements = tuple(sorted(set(sites.to_numpy().ravel())))
    counts = element_counts(sites, elements)
    shifts = [
        np.linalg.solve(
            counts[index].T @ counts[index] + RIDGE * np.eye(len(elements)),
            counts[index].T @ (residuals[m, index] - constant[m]),
        )
        for m, index in enumerate(rows)
    ]
    return Reference(constant, elements, np.array(shifts))


def element_counts(sites: pd.DataFrame, elements: Sequence[str]) -> NDArray[np.float64]:
    """Return on how many sites of each row an element stands (n, E)."""
    symbols = sites.to_numpy()
    counts = np.zeros((len(sites), len(elements)))
    for column, element in enumerate(elements):
        counts[:, column] = (symbols == element).sum(axis=1)
    return counts
