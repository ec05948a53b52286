"""Predictions of a whole stack on rows that all members share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.networks.stack import MlpStack

CHUNK = 512


def predict(stack: MlpStack, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return predictions (M, n) of a stack with one head for features (n, d), in label units."""
    x = torch.tensor(features, dtype=torch.float32)
    device = stack.y_mean.device
    stack.eval()
    with torch.inference_mode():
        parts = [
            stack(chunk.to(device).expand(stack.members, *chunk.shape)).squeeze(-1).cpu()
            for chunk in torch.split(x, CHUNK)
        ]
    return torch.cat(parts, dim=1).numpy() if parts else np.empty((stack.members, 0), np.float32)
