"""Predictions of a whole stack on rows that all members share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.networks.stack import MlpStack

CHUNK = 512


def predict(
    stack: MlpStack, features: NDArray[np.float32], extra: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Return predictions (M, n) of a stack with one head, in the label's units.

    Parameters
    ----------
    stack
        M members.
    features
        (n, d), the same for all members.
    extra
        (M, n, k) further features, of each member its own.
    """
    x = torch.tensor(features, dtype=torch.float32)
    own = torch.empty(stack.members, len(x), 0) if extra is None else torch.tensor(extra)
    device = stack.y_mean.device
    stack.eval()
    with torch.inference_mode():
        parts = [
            stack(torch.cat([shared.expand(stack.members, *shared.shape), each], 2).to(device))
            .squeeze(-1)
            .cpu()
            for shared, each in zip(
                torch.split(x, CHUNK), torch.split(own, CHUNK, dim=1), strict=True
            )
        ]
    return torch.cat(parts, dim=1).numpy() if parts else np.empty((stack.members, 0), np.float32)


def hidden(stack: MlpStack, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return every member's last hidden layer (M, n, h) for features (n, d)."""
    x = torch.tensor(features, dtype=torch.float32)
    device = stack.y_mean.device
    with torch.inference_mode():
        parts = [
            stack.activations(chunk.to(device).expand(stack.members, *chunk.shape)).cpu()
            for chunk in torch.split(x, CHUNK)
        ]
    return torch.cat(parts, dim=1).numpy()
