"""What must hold of every transfer, checked while it is made; a violated proof ends the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.networks.predict import hidden, predict
from cetransfer.provenance import array_digest
from cetransfer.transfer.strategy import copies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.models.source_nets import SourceNets
    from cetransfer.networks.stack import MlpStack
    from cetransfer.transfer.strategy import LayerPlan

ROUNDING = 1e-3
"""Standard deviations of the label that changed scalers may shift a prediction by, in float32."""


class ProofError(UserError):
    """Something that must hold of a transfer does not."""


def step_zero(
    name: str,
    stack: MlpStack,
    plan: Sequence[LayerPlan],
    nets: SourceNets,
    own: Sequence[int],
    *,
    exact: bool,
) -> float | None:
    """Prove that, before its first step, a copied net does on source rows what its source does.

    Where the last layer is new, it is the last hidden layer that is compared.

    Parameters
    ----------
    name
        Of the strategy.
    stack, plan
        M members before their first step.
    nets, own
        The source nets, and which of them each member copies.
    exact
        Whether the scalers are the source's own, so that not a bit may differ.

    Returns
    -------
    The largest difference, in standard deviations of the label (predictions) or as it is (hidden
    layer); None where nothing is copied.

    Raises
    ------
    ProofError
        Naming the member and the difference.
    """
    if not copies(list(plan)):
        return None
    rows = nets.sources[-1].features
    start = nets.start.take(own)
    if plan[-1].origin == "random":
        difference = np.abs(hidden(stack, rows) - hidden(start, rows)).max(axis=(1, 2))
    else:
        difference = np.abs(predict(stack, rows) - predict(start, rows)).max(axis=1)
        difference = difference / start.y_scale[:, 0].numpy()
    worst = int(difference.argmax())
    if difference[worst] > (0.0 if exact else ROUNDING):
        raise ProofError(
            f"{name}: before its first step member {worst} is {difference[worst]:.2g} away from "
            f"source net {own[worst]}, which it copies; the transfer is broken"
        )
    return float(difference[worst])


def frozen_digest(stack: MlpStack, plan: Sequence[LayerPlan]) -> str:
    """Return the SHA-256 of all that training must not change: frozen layers and scalers."""
    frozen = [
        tensor.detach().numpy()
        for layer, planned in zip(stack.linear_layers(), plan, strict=True)
        if not planned.trained
        for tensor in (layer.weight, layer.bias)
    ]
    return array_digest(*frozen, *(buffer.numpy() for buffer in stack.buffers()))


def require_unchanged(name: str, before: str, after: str) -> None:
    """Prove that what was frozen is bit by bit what it was, weight decay included.

    Raises
    ------
    ProofError
        If the digests differ.
    """
    if before != after:
        raise ProofError(f"{name}: training changed frozen layers or scalers")
