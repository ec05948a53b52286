"""What criteria look at: numbers of each candidate, as arrays that broadcast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Evidence:
    """Numbers of n candidates; None where nothing is known, NaN where not of a candidate.

    A criterion is arithmetic on these arrays, so any shapes that broadcast will do: ``r_a`` of
    shape (n_a, 1) and ``r_b`` of shape (1, n_b) judge a whole grid of candidates at once, and parts
    of millions of them one after the other. The radius of a shared site is the mean over the
    elements on it.

    Parameters
    ----------
    r_a, r_b, r_x
        Radii, angstrom.
    n_a
        Oxidation state of A, the mean of its atoms.
    balanced
        Whether charges balance.
    energy, lower, upper
        Formation energy and its 90 % interval, eV/atom.
    hull_energy
        Energy of the convex hull of the reference phases at the composition, eV/atom.
    """

    r_a: NDArray[np.float64] | None = None
    r_b: NDArray[np.float64] | None = None
    r_x: NDArray[np.float64] | None = None
    n_a: NDArray[np.float64] | None = None
    balanced: NDArray[np.bool_] | None = None
    energy: NDArray[np.float64] | None = None
    lower: NDArray[np.float64] | None = None
    upper: NDArray[np.float64] | None = None
    hull_energy: NDArray[np.float64] | None = None
