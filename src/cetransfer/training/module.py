"""The one LightningModule: it trains a whole stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.networks.stack import MlpStack


@dataclass(frozen=True)
class Recipe:
    """How a stack is trained.

    `loss_beta` is in units of the label's standard deviation; `learning_rate` is the peak of a
    one-cycle schedule (Smith & Topin, arXiv:1708.07120); `weight_decay` is decoupled (Loshchilov &
    Hutter, arXiv:1711.05101).
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    loss_beta: float
    accelerator: str


class StackModule(pl.LightningModule):
    """Trains M members at once: the loss is the sum of their own mean losses.

    Parameters
    ----------
    stack
        The networks, on their start values.
    features, labels
        (n, d) raw and (n,) in their unit: all rows that any member draws from.
    recipe
        Learning rate, decay and loss.
    steps
        Number of optimiser steps, for the schedule.
    dropout_seed
        Seed of the dropout masks.
    trained
        For each layer, whether it is trained; the others get no gradient and no decay.
    """

    features: torch.Tensor
    labels: torch.Tensor
    losses: torch.Tensor

    def __init__(
        self,
        stack: MlpStack,
        features: torch.Tensor,
        labels: torch.Tensor,
        recipe: Recipe,
        steps: int,
        dropout_seed: int,
        trained: Sequence[bool],
    ) -> None:
        super().__init__()
        self.stack = stack
        self.recipe = recipe
        self.steps = steps
        self.dropout_seed = dropout_seed
        self.register_buffer("features", features, persistent=False)
        self.register_buffer("labels", labels, persistent=False)
        for layer, train in zip(stack.linear_layers(), trained, strict=True):
            layer.requires_grad_(train)
        # one block: small tensors kept from every step would pin the memory freed between them
        self.register_buffer("losses", torch.zeros(steps), persistent=False)
        self.dropout: torch.Generator | None = None

    def on_fit_start(self) -> None:
        """Put the dropout masks' generator on the device that trains."""
        self.dropout = torch.Generator(device=self.device).manual_seed(self.dropout_seed)

    def training_step(self, rows: torch.Tensor, step: int) -> torch.Tensor:
        """Return the summed smooth-L1 loss of the members on their own rows (M, B)."""
        rows = rows.long()
        stack = self.stack
        prediction = stack.standardised(self.features[rows], self.dropout)
        truth = (self.labels[rows] - stack.y_mean) / stack.y_scale
        loss: torch.Tensor = (
            torch.nn.functional.smooth_l1_loss(
                prediction, truth, beta=self.recipe.loss_beta, reduction="none"
            )
            .mean(dim=1)
            .sum()
        )
        self.losses[step] = loss.detach() / stack.members
        return loss

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own type is a union of ten
        """Return AdamW and the one-cycle schedule, stepped at every batch."""
        optimizer = torch.optim.AdamW(
            [parameter for parameter in self.parameters() if parameter.requires_grad],
            lr=self.recipe.learning_rate,
            weight_decay=self.recipe.weight_decay,
            fused=True,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.recipe.learning_rate, total_steps=self.steps + 1
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
