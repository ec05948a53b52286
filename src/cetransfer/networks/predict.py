"""Predictions of a whole stack on rows that all members share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    stack.eval()
    with torch.inference_mode():
        parts = [stack(part).squeeze(-1).cpu() for part in _chunks(stack, features, extra)]
    return torch.cat(parts, dim=1).numpy() if parts else np.empty((stack.members, 0), np.float32)


def hidden(
    stack: MlpStack, features: NDArray[np.float32], extra: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Return every member's last hidden layer (M, n, h); arguments as `predict`."""
    with torch.inference_mode():
        parts = [stack.activations(part).cpu() for part in _chunks(stack, features, extra)]
    return torch.cat(parts, dim=1).numpy()


def _chunks(
    stack: MlpStack, features: NDArray[np.float32], extra: NDArray[np.float32] | None
) -> Iterator[torch.Tensor]:
    """Yield the inputs (M, b, d + k) of some rows at a time, where the stack is."""
    x = torch.tensor(features, dtype=torch.float32)
    own = torch.empty(stack.members, len(x), 0) if extra is None else torch.tensor(extra)
    for shared, each in zip(torch.split(x, CHUNK), torch.split(own, CHUNK, dim=1), strict=True):
        together = torch.cat([shared.expand(stack.members, *shared.shape), each], 2)
        yield together.to(stack.y_mean.device)
