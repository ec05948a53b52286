"""What takes most of the uncertainty about all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from cetransfer.screening.suggestion.method import Method, Pick, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.screening.suggestion.method import Pool

NOISE = 0.01
"""Variance of the noise of a label, in units of the prior variance of a typical candidate."""


@register("variance")
class Variance(Method):
    """One after the other, the compound whose label takes most variance from all candidates.

    A Bayesian linear model of their features stands for the networks: with unit normal weights,
    the covariance of two candidates given the labelled ones is z_i . z_j, where z = L^-1 f and
    L L' = I + F'F / noise of the labelled rows F. A label for i takes
    sum_e (z_i . z_e)^2 / (z_i . z_i + noise) of the variance of all candidates e. Cohn, Ghahramani
    & Jordan, Active learning with statistical models, J. Artif. Intell. Res. 4:129 (1996),
    doi 10.1613/jair.295; in batches BAIT of Ash et al., arXiv:2106.09675.
    """

    words: ClassVar[str] = "those whose labels say most about all other candidates"

    def choose(self, pool: Pool, count: int, random: np.random.Generator) -> list[Pick]:
        """Take the one that says most, count it as labelled, and go on."""
        del random
        z = whitened(pool.places, pool.known_places)
        whole = float(np.square(z).sum()) or 1.0
        free = np.ones(len(pool.names), np.bool_)
        picks = []
        for _ in range(count):
            own = np.square(z).sum(axis=0)
            taken = ((z @ z.T) @ z * z).sum(axis=0) / (own + NOISE)
            row = int(np.argmax(np.where(free, taken, -1.0)))
            share = 100.0 * taken[row] / whole
            picks.append(
                Pick(row, f"takes {share:.2g} % of what is uncertain about all candidates")
            )
            free[row] = False
            z = z - np.outer(_shrinking(z[:, row]), z[:, row] @ z)
        return picks


def whitened(candidates: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return z (d, n): the posterior covariance of candidates i and j is z_i . z_j."""
    precision = np.eye(known.shape[1]) + known.T @ known / NOISE
    root: NDArray[np.float64] = solve_triangular(
        cholesky(precision, lower=True), candidates.T, lower=True
    )
    return root


def _shrinking(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return b z with (I - b z z')^2 = I - z z' / (z . z + noise), what a label of z leaves."""
    size = float(z @ z)
    if size == 0.0:
        return z
    shrunk: NDArray[np.float64] = z * ((1.0 - np.sqrt(NOISE / (size + NOISE))) / size)
    return shrunk
