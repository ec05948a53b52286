"""Whose rows the scalers of a copied net stand on: `training.scaler`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.networks.scaling import x_scaler, y_scaler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.models.source_nets import SourceNets
    from cetransfer.networks.stack import MlpStack
    from cetransfer.settings import ScalerSettings
    from cetransfer.training.lesson import Lesson


def rescale(
    stack: MlpStack,
    policy: ScalerSettings,
    lesson: Lesson,
    nets: SourceNets,
    own: Sequence[int],
) -> None:
    """Give copied members other scalers, and weights that make up for it.

    Parameters
    ----------
    stack
        M copied members with the source's scalers.
    policy
        For x and y: ``"source"`` changes nothing, ``"target"`` takes the member's own training
        rows, ``"pooled"`` those and all that its source net was trained on.
    lesson
        What the members learn from.
    nets, own
        The source nets, with the source's rows, and which of them each member copies.
    """
    if "pooled" in (policy.x, policy.y):
        features = np.concatenate([source.features for source in nets.sources])
        labels = np.concatenate([source.labels for source in nets.sources])
    for member in range(stack.members):
        rows = lesson.rows[member]
        if policy.x != "source":
            x = lesson.inputs(member, rows)
            if policy.x == "pooled":
                x = np.concatenate([x, features[nets.positions_of(own[member])]])
            stack.change_x_scaler(member, *x_scaler(x))
        if policy.y != "source":
            y = lesson.labels_of(member, rows)
            if policy.y == "pooled":
                y = np.concatenate([y, labels[nets.positions_of(own[member])]])
            stack.change_y_scaler(member, *y_scaler(y))
