"""Classical baselines, fitted on the same rows as the networks and without the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn.base import RegressorMixin

BASELINES: dict[str, Callable[[int], RegressorMixin]] = {
    "svr": lambda _seed: make_pipeline(StandardScaler(), SVR(C=10.0, epsilon=0.05)),
    "gradient_boosting": lambda seed: HistGradientBoostingRegressor(
        max_iter=200, random_state=seed
    ),
    "extra_trees": lambda seed: ExtraTreesRegressor(
        n_estimators=200, max_features=1 / 3, random_state=seed
    ),
    "mean": lambda _seed: DummyRegressor(),
}
