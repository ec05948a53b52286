"""Gaussian processes whose kernel is a sum, one radial part for each block of inputs.

By hand on PyTorch: scikit-learn has no kernel for a block of columns, and computes the distances
of all inputs anew at every step of the search for the scales, which takes ten times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.metrics.pairwise import euclidean_distances

from cetransfer.models.kernels import Kernel, Term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST = 500
"""Rows, evenly spaced, that the scales are sought on: their cost goes by the cube."""

STEPS = 30
"""Of the search, which comes to rest earlier or changes little later."""

WIDTH, NOISE = 1.5, 0.02
"""Where the search starts: widths in units of an input's spread, noise in that of the labels."""

PRIOR = 5.0
"""Standard deviation of the logarithm of every scale before the data are seen."""

JITTER = 1e-6

WORST = 1e6
"""Stands for scales of which the covariance is singular; the search turns back."""


def fit_gaussian_process(
    blocks: Sequence[NDArray[np.floating]], labels: NDArray[np.float64]
) -> Kernel:
    """Fit a Gaussian process: the mean of its posterior, given the most likely scales.

    Rasmussen & Williams, Gaussian Processes for Machine Learning (ISBN 0-262-18253-X), equation
    2.23 for the mean, 5.8 and 5.9 for the likelihood and its slope. The scales are an amplitude and
    a width for each block, and the noise.

    Parameters
    ----------
    blocks
        b arrays (n, d_b): inputs that have a width in common, in units that can be compared.
    labels
        (n,).
    """
    scaled = [_scaled(block) for block in blocks]
    middle, spread = float(labels.mean()), float(labels.std()) or 1.0
    y = torch.from_numpy((labels - middle) / spread)
    squares = [
        torch.from_numpy(euclidean_distances(z.astype(np.float64), squared=True) / z.shape[1])
        for z, _, _ in scaled
    ]
    few = np.unique(np.linspace(0, len(labels) - 1, min(MOST, len(labels))).astype(np.int64))
    logs = _most_likely([each[few][:, few] for each in squares], y[few])
    weights = torch.linalg.solve(_covariance(torch.from_numpy(logs), squares), y).numpy() * spread
    amplitudes, widths = np.exp(logs[:-1:2]), np.exp(logs[1:-1:2])
    return Kernel(
        tuple(
            Term(mean, scale, z, amplitude * weights, float(0.5 / width**2 / z.shape[1]))
            for (z, mean, scale), amplitude, width in zip(scaled, amplitudes, widths, strict=True)
        ),
        middle,
    )


def _scaled(
    block: NDArray[np.floating],
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Return a block in units of its spread, its means and that spread, one for all its inputs."""
    values = block.astype(np.float64)
    mean = values.mean(axis=0)
    scale = np.full_like(mean, float(np.sqrt(values.var(axis=0).mean())) or 1.0)
    return ((values - mean) / scale).astype(np.float32), mean, scale


def _covariance(logs: torch.Tensor, squares: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the covariance of the labels (n, n).

    Parameters
    ----------
    logs
        Logarithms of amplitude and width of each block, then of the noise.
    squares
        Squared distances (n, n) within each block, per input.
    """
    total = (logs[-1].exp() + JITTER) * torch.eye(len(squares[0]), dtype=torch.float64)
    for block, square in enumerate(squares):
        amplitude, width = logs[2 * block], logs[2 * block + 1]
        total = total + torch.exp(amplitude - 0.5 * square * torch.exp(-2.0 * width))
    return total


def _most_likely(squares: Sequence[torch.Tensor], y: torch.Tensor) -> NDArray[np.float64]:
    """Return the logarithms of the scales of the highest posterior density."""

    def badness(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logs = torch.tensor(at, requires_grad=True)
        root, failed = torch.linalg.cholesky_ex(_covariance(logs, squares))
        if failed:
            return WORST, np.zeros_like(at)
        weights = torch.cholesky_solve(y[:, None], root)[:, 0]
        value = (
            0.5 * y @ weights + root.diagonal().log().sum() + 0.5 * (logs / PRIOR).square().sum()
        )
        (slope,) = torch.autograd.grad(value, logs)
        return float(value.detach()), slope.numpy()

    start = np.log([*([np.e, WIDTH] * len(squares)), NOISE])
    found = minimize(badness, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    best: NDArray[np.float64] = found.x
    return best
