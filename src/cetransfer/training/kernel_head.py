"""Kernel methods in the place of the output layer, or of the whole network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, cpu_count, delayed
from sklearn.svm import SVR
from threadpoolctl import threadpool_limits

from cetransfer.models.kernels import Kernel, Kernels, Term
from cetransfer.progress import track
from cetransfer.training.gaussian_process import fit_gaussian_process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.training.lesson import Lesson

#: of the support vector machine, as the baseline of that name has it, on standardised labels
PENALTY, TUBE = 10.0, 0.05


def fit_kernels(
    name: str, model: str, blocks: Sequence[Sequence[NDArray[np.floating]]], lesson: Lesson
) -> Kernels:
    """Fit a kernel method for each member, on its training rows.

    Parameters
    ----------
    name
        Of the strategy, for the progress bar.
    model
        ``"svr"``: support vector regression, of one block; ``"gp"``: a Gaussian process
        (`cetransfer.training.gaussian_process`).
    blocks
        For each of M members, arrays (n, d_b) of all rows.
    lesson
        What each member learns from.
    """

    def fitted(member: int) -> Kernel:
        rows = lesson.rows[member]
        own = [block[rows] for block in blocks[member]]
        labels = lesson.labels_of(member, rows)
        return _svr(own[0], labels) if model == "svr" else fit_gaussian_process(own, labels)

    with threadpool_limits(limits=1):
        fits = Parallel(n_jobs=cpu_count(), prefer="threads", return_as="generator")(
            delayed(fitted)(member) for member in range(len(blocks))
        )
        return Kernels(list(track(fits, f"{name}, {model}", len(blocks), "fits")))


def _svr(x: NDArray[np.floating], labels: NDArray[np.float64]) -> Kernel:
    """Return a support vector machine on standardised inputs and labels."""
    mean, scale = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1.0
    z = (x - mean) / scale
    middle, spread = float(labels.mean()), float(labels.std()) or 1.0
    gamma = 1.0 / (z.shape[1] * float(z.var()))
    model = SVR(C=PENALTY, epsilon=TUBE, gamma=gamma).fit(z, (labels - middle) / spread)
    weights = spread * model.dual_coef_[0]
    term = Term(mean, scale, model.support_vectors_.astype(np.float32), weights, gamma)
    return Kernel((term,), middle + spread * float(model.intercept_[0]))
