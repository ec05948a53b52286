"""Classical baselines, fitted on the same rows as the networks and without the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, cpu_count, delayed
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from threadpoolctl import threadpool_limits

from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.progress import track
from cetransfer.training.gaussian_process import fit_gaussian_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.models.kernels import Kernel


class GaussianProcess(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # untyped library
    """The process of `profile_kernel`, on the features alone."""

    kernel_: Kernel

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> GaussianProcess:
        """Fit it to inputs (n, d) and labels (n,)."""
        self.kernel_ = fit_gaussian_process([x], y)
        return self

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return predictions (n,) for inputs (n, d)."""
        return self.kernel_([x])


BASELINES: dict[str, Callable[[int], RegressorMixin]] = {
    "svr": lambda _seed: make_pipeline(StandardScaler(), SVR(C=10.0, epsilon=0.05)),
    "gaussian_process": lambda _seed: make_pipeline(StandardScaler(), GaussianProcess()),
    "gradient_boosting": lambda seed: HistGradientBoostingRegressor(
        max_iter=200, random_state=seed
    ),
    "extra_trees": lambda seed: ExtraTreesRegressor(
        n_estimators=200, max_features=1 / 3, random_state=seed
    ),
    "mean": lambda _seed: DummyRegressor(),
}

#: what the baseline of the lowest error on inner folds predicts, as one more baseline
BEST = "best_baseline"

TINY = 1e-12
"""Spread of labels below which they count as all equal."""

Job = tuple[str, int, "NDArray[np.int64]", "NDArray[np.int64]"]
"""One fit: name of the baseline, its seed, training rows and rows to predict."""


def baseline_names() -> list[str]:
    """Return the names of all lines that are no strategies."""
    return [*BASELINES, BEST]


def fit_baselines(
    target: Domain, jobs: Sequence[Job], description: str
) -> list[NDArray[np.float64]]:
    """Fit baselines and return what each predicts for its rows, in the labels' unit.

    One thread a fit and as many fits at a time as there are cores: a fit that adds up in several
    threads would differ in the last digit from run to run.
    """
    with threadpool_limits(limits=1):
        fits = Parallel(n_jobs=cpu_count(), prefer="threads", return_as="generator")(
            delayed(_fitted)(target, *job) for job in jobs
        )
        return list(track(fits, description, len(jobs), "fits"))


def _fitted(
    target: Domain, name: str, seed: int, train: NDArray[np.int64], test: NDArray[np.int64]
) -> NDArray[np.float64]:
    model = BASELINES[name](seed)
    rows = target.in_all_views(train)
    labels = target.labels[rows]
    # the baselines' settings are made for energies in eV/atom; other labels get that size
    is_energy = target.data.quantity == FORMATION_ENERGY
    size = 1.0 if is_energy else max(float(labels.std()), TINY)
    model.fit(target.features[rows], labels / size)
    predicted: NDArray[np.float64] = size * np.mean(
        [model.predict(view[test]) for view in target.views], axis=0
    )
    return predicted
