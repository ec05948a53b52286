"""What the other rows say about a row: leave-one-out prediction by a Gaussian process.

Its covariance has a term of its own for each element on A and on B (so the additive part costs
nothing) and smooth terms in the properties of the elements (so that neighbours in the periodic
table speak for each other). Leave-one-out residuals come in closed form (Rasmussen & Williams,
Gaussian Processes for Machine Learning, 2006, eq. 5.12), and rows that stand out are taken out of
the rest by a downdate of the inverse, so that they vouch for none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.audit.finding import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

OWN = 4.0
"""Variance of an element's own term, eV^2; above all effects seen, so it is hardly a constraint."""

SMOOTH = 1.0
"""Variance of each smooth term, eV^2."""

NOISE = 0.03
"""Variance of the noise, eV^2. Only ratios of the variances matter, as scores are rescaled."""

ROUNDS = 3


def neighbour_kernel(elements: Sequence[str]) -> NDArray[np.float64]:
    """Return how alike elements are (n, n): 1 on the diagonal, less the further their properties.

    An element that the property table lacks is like itself only.
    """
    from cetransfer.features.tables import load_table

    table = load_table("open")
    raw = table.values  # noqa: PD011 - a plain array, not a pandas table
    scale = raw.std(axis=0)
    values = (raw - raw.mean(axis=0)) / np.where(scale > 0, scale, 1)
    row = {name: i for i, name in enumerate(table.elements)}
    kernel: NDArray[np.float64] = np.eye(len(elements))
    known = [i for i, name in enumerate(elements) if name in row]
    if len(known) > 1:
        points = values[[row[elements[i]] for i in known]]
        squares = (points**2).sum(axis=1)
        distance = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0)
        np.fill_diagonal(distance, 0)
        kernel[np.ix_(known, known)] = np.exp(-distance / np.median(distance[distance > 0]))
    return kernel


def outlying(
    rows: pd.Series, columns: pd.Series, values: NDArray[np.float64], *, score: float, size: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Find values that the rest contradicts.

    Parameters
    ----------
    rows, columns
        Elements on A and on B, each pair at most once.
    values
        float64 (n,), eV/atom.
    score, size
        A row stands out with a residual of at least `score` robust standard deviations and at least
        `size` eV/atom.

    Returns
    -------
    tuple
        Which rows stand out (n,), the residuals against all rows that do not (n,) in eV/atom, and
        the scores (n,).
    """
    import pandas as pd

    a, on_a = pd.factorize(rows)
    b, on_b = pd.factorize(columns)
    smooth_a, smooth_b = neighbour_kernel(list(on_a)), neighbour_kernel(list(on_b))
    pairs_a, pairs_b = smooth_a[np.ix_(a, a)], smooth_b[np.ix_(b, b)]
    covariance = OWN * (a[:, None] == a) + OWN * (b[:, None] == b)
    covariance += SMOOTH * (pairs_a * pairs_b + pairs_a + pairs_b)
    covariance[np.diag_indices_from(covariance)] += NOISE
    precision = _inverse(covariance)
    centred = values - np.median(values)
    out = np.zeros(len(values), dtype=bool)
    residual, scores = _left_out(precision, centred, out)
    for _ in range(ROUNDS):
        found = (np.abs(scores) > score) & (np.abs(residual) > size)
        if (found == out).all():
            break
        out = found
        residual, scores = _left_out(precision, centred, out)
    return (np.abs(scores) > score) & (np.abs(residual) > size), residual, scores


def _left_out(
    precision: NDArray[np.float64], values: NDArray[np.float64], out: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return residuals and scores: of a row against the others that are not `out`."""
    kept = ~out
    weighted = precision @ values
    residual = weighted / np.diag(precision)
    variance = 1 / np.diag(precision)
    if out.any():
        block = np.linalg.inv(precision[np.ix_(out, out)])
        cross = precision[np.ix_(kept, out)]
        diagonal = np.diag(precision)[kept] - np.einsum("ij,jk,ik->i", cross, block, cross)
        residual[kept] = (weighted[kept] - cross @ (block @ weighted[out])) / diagonal
        variance[kept] = 1 / diagonal
        residual[out] = block @ weighted[out]
        variance[out] = np.diag(block)
    scores = residual / np.sqrt(variance)
    return residual, scores / max(spread(scores[kept]), np.finfo(float).tiny)


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse of a symmetric positive definite matrix."""
    from scipy.linalg import lapack
    from threadpoolctl import threadpool_limits

    # one thread: a second one spins for long where another process is busy
    with threadpool_limits(1):
        inverse, _ = lapack.dpotri(np.linalg.cholesky(matrix), lower=1)
    lower = np.tril(inverse)
    result: NDArray[np.float64] = lower + np.tril(lower, -1).T
    return result
