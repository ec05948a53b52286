"""Input and output scalers: means and standard deviations of given rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.networks.stack import MlpStack


def x_scaler(features: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation (d,) of features (n, d).

    A column that never varies carries nothing; dividing it by 1 keeps it at 0.
    """
    x = features.astype(np.float64)
    spread = x.std(axis=0)
    spread[spread <= 1e-9 * np.abs(x).max(axis=0, initial=0.0)] = 1.0
    return x.mean(axis=0), spread


def y_scaler(labels: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation of labels (n,), 1 where they are all the same."""
    return float(labels.mean()), float(labels.std()) or 1.0


def set_x_scaler(stack: MlpStack, member: int, features: NDArray[np.float32]) -> None:
    """Standardise the inputs of a member on features (n, d)."""
    mean, spread = x_scaler(features)
    stack.x_mean[member, 0] = torch.from_numpy(mean)
    stack.x_scale[member, 0] = torch.from_numpy(spread)


def set_y_scaler(stack: MlpStack, member: int, head: int, labels: NDArray[np.float64]) -> None:
    """Standardise one output of a member on labels (n,)."""
    stack.y_mean[member, head], stack.y_scale[member, head] = y_scaler(labels)
