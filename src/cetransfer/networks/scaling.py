"""Input and output scalers, fitted on training rows only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.networks.stack import MlpStack


def fit_scalers(
    stack: MlpStack,
    features: NDArray[np.float32],
    labels: NDArray[np.float64],
    rows: Sequence[NDArray[np.int64]],
) -> None:
    """Standardise each member on its own training rows.

    Parameters
    ----------
    stack
        The stack whose buffers are set.
    features
        (n, d), raw.
    labels
        (n,), in the unit of the labels.
    rows
        One index array per member: its training rows.
    """
    for member, index in enumerate(rows):
        x = features[index].astype(np.float64)
        spread = x.std(axis=0)
        # a column that never varies carries nothing; dividing by 1 keeps it at 0
        spread[spread <= 1e-9 * np.abs(x).max(axis=0, initial=0.0)] = 1.0
        stack.x_mean[member, 0] = torch.from_numpy(x.mean(axis=0))
        stack.x_scale[member, 0] = torch.from_numpy(spread)
        stack.y_mean[member] = float(labels[index].mean())
        stack.y_scale[member] = float(labels[index].std()) or 1.0
