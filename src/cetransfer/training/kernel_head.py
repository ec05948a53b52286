"""Kernel methods on the last hidden layer of a network, kept as plain arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, cpu_count, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVR
from threadpoolctl import threadpool_limits

from cetransfer.networks.predict import hidden
from cetransfer.progress import track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.networks.stack import MlpStack
    from cetransfer.training.lesson import Lesson

# a scale at its bound is a fit like any other
warnings.filterwarnings(
    "ignore", category=ConvergenceWarning, module="sklearn.gaussian_process.kernels"
)

#: of the support vector machine, as the baseline of that name has it, on standardised labels
PENALTY, TUBE = 10.0, 0.05


@dataclass(frozen=True)
class Kernel:
    """f(h) = intercept + sum_i weight_i exp(-gamma |(h - mean) / scale - centre_i|^2)."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    centres: NDArray[np.float64]
    weights: NDArray[np.float64]
    gamma: float
    intercept: float

    def __call__(self, activations: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the predictions (n,) for activations (n, h)."""
        at = (activations - self.mean) / self.scale
        values: NDArray[np.float64] = (
            rbf_kernel(at, self.centres, gamma=self.gamma) @ self.weights + self.intercept
        )
        return values


@dataclass(frozen=True)
class KernelHeads:
    """One kernel method for each of M members."""

    kernels: Sequence[Kernel]

    def predict(self, stack: MlpStack, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the predictions (M, n) on the last hidden layers of a stack."""
        activations = hidden(stack, features)
        return np.stack([one(each) for one, each in zip(self.kernels, activations, strict=True)])

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return all numbers by name, for a file."""
        return {
            f"kernel.{member}.{name}": np.atleast_1d(np.asarray(value, np.float64))
            for member, kernel in enumerate(self.kernels)
            for name, value in vars(kernel).items()
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.float64]], members: int) -> KernelHeads:
        """Return the kernels that `arrays` describes."""

        def one(member: int) -> Kernel:
            part = {name: arrays[f"kernel.{member}.{name}"] for name in Kernel.__annotations__}
            gamma, intercept = float(part.pop("gamma")[0]), float(part.pop("intercept")[0])
            return Kernel(**part, gamma=gamma, intercept=intercept)

        return cls([one(member) for member in range(members)])


def fit_kernel_heads(model: str, stack: MlpStack, lesson: Lesson) -> KernelHeads:
    """Fit a kernel method on the last hidden layer of each member, on its training rows.

    Parameters
    ----------
    model
        ``"svr"``: support vector regression; ``"gp"``: a Gaussian process with a radial kernel, its
        scales and noise by maximum likelihood (Rasmussen & Williams, ISBN 0-262-18253-X, chapter
        5).
    stack
        M members that stay as they are.
    lesson
        What each member learns from.
    """
    activations = hidden(stack, lesson.features)

    def fitted(member: int) -> Kernel:
        rows = lesson.rows[member]
        h, y = activations[member, rows].astype(np.float64), lesson.labels_of(member, rows)
        mean, scale = h.mean(axis=0), h.std(axis=0)
        scale[scale == 0] = 1.0
        middle, spread = float(y.mean()), float(y.std()) or 1.0
        kernel = _svr if model == "svr" else _gp
        centres, weights, gamma, intercept = kernel((h - mean) / scale, (y - middle) / spread)
        return Kernel(mean, scale, centres, spread * weights, gamma, middle + spread * intercept)

    with threadpool_limits(limits=1):
        fits = Parallel(n_jobs=cpu_count(), prefer="threads", return_as="generator")(
            delayed(fitted)(member) for member in range(stack.members)
        )
        return KernelHeads(list(track(fits, f"kernel head, {model}", stack.members, "fits")))


def _svr(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Return centres, weights, gamma and intercept of a support vector machine."""
    gamma = 1.0 / (x.shape[1] * float(x.var()))
    model = SVR(C=PENALTY, epsilon=TUBE, gamma=gamma).fit(x, y)
    return model.support_vectors_, model.dual_coef_[0], gamma, float(model.intercept_[0])


def _gp(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Return centres, weights, gamma and intercept of a Gaussian process."""
    width = float(np.sqrt(x.shape[1]))
    kernel = ConstantKernel(10.0, (1e-2, 1e4)) * RBF(width, (1e-1 * width, 1e2 * width))
    model = GaussianProcessRegressor(kernel + WhiteKernel(1e-2, (1e-5, 1.0))).fit(x, y)
    signal = model.kernel_.k1
    weights = signal.k1.constant_value * model.alpha_.ravel()
    return x, weights, 1.0 / (2.0 * signal.k2.length_scale**2), 0.0
