"""The one LightningModule: it trains a whole stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cetransfer.networks.stack import MlpStack
    from cetransfer.training.lesson import Lesson
    from cetransfer.transfer.strategy import LayerPlan


@dataclass(frozen=True)
class Recipe:
    """How a stack is trained.

    `loss_beta` is in units of the label's standard deviation; `learning_rate` is the peak of a
    one-cycle schedule (Smith & Topin, arXiv:1708.07120); `weight_decay` is decoupled (Loshchilov &
    Hutter, arXiv:1711.05101), and so is `pull`, a decay towards the start values.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    loss_beta: float
    accelerator: str
    pull: float = 0.0


class StackModule(pl.LightningModule):
    """Trains M members at once: the loss is the sum of their own mean losses.

    Parameters
    ----------
    stack
        The networks, on their start values.
    lesson
        What each member learns from.
    recipe
        Learning rate, decay and loss.
    plan
        For each layer, whether, when and at which share of the learning rate it is trained; while
        it is not, it gets no gradient and no decay.
    steps
        Number of optimiser steps, for the schedule.
    dropout_seed
        Seed of the dropout masks.
    """

    features: torch.Tensor
    extra: torch.Tensor | None
    labels: torch.Tensor
    heads: torch.Tensor
    losses: torch.Tensor

    def __init__(
        self,
        stack: MlpStack,
        lesson: Lesson,
        recipe: Recipe,
        plan: Sequence[LayerPlan],
        steps: int,
        dropout_seed: int,
    ) -> None:
        super().__init__()
        self.stack = stack
        self.recipe = recipe
        self.plan = plan
        self.steps = steps
        self.dropout_seed = dropout_seed
        labels = np.broadcast_to(lesson.labels, (stack.members, len(lesson.features)))
        for name, values in (
            ("features", torch.tensor(lesson.features, dtype=torch.float32)),
            ("extra", None if lesson.extra is None else torch.tensor(lesson.extra)),
            ("labels", torch.tensor(labels, dtype=torch.float32)),
            ("heads", torch.tensor(lesson.head_of)),
            # one block: small tensors of every step would pin the memory freed between them
            ("losses", torch.zeros(steps)),
        ):
            self.register_buffer(name, values, persistent=False)
        self.dropout: torch.Generator | None = None
        self.starts: list[torch.Tensor] = []

    def on_fit_start(self) -> None:
        """Put the dropout masks' generator on the device that trains."""
        self.dropout = torch.Generator(device=self.device).manual_seed(self.dropout_seed)

    def training_step(self, rows: torch.Tensor, step: int) -> torch.Tensor:
        """Return the summed smooth-L1 loss of the members on their own rows (M, B)."""
        for layer, planned in zip(self.stack.linear_layers(), self.plan, strict=True):
            layer.requires_grad_(planned.trained and step >= planned.after * self.steps)
        rows = rows.long()
        stack = self.stack
        heads = self.heads[rows]
        inputs = self.features[rows]
        if self.extra is not None:
            members = torch.arange(stack.members, device=rows.device).unsqueeze(1)
            inputs = torch.cat([inputs, self.extra[members, rows]], dim=2)
        outputs = stack.standardised(inputs, self.dropout)
        prediction = outputs.gather(2, heads.unsqueeze(2)).squeeze(2)
        mean, scale = stack.y_mean.gather(1, heads), stack.y_scale.gather(1, heads)
        truth = (self.labels.gather(1, rows) - mean) / scale
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
        """Return AdamW and the one-cycle schedule, stepped at every batch.

        Layers of one rate form a group.
        """
        rates: dict[float, list[torch.nn.Parameter]] = {}
        for layer, planned in zip(self.stack.linear_layers(), self.plan, strict=True):
            if planned.trained:
                rates.setdefault(planned.rate, []).extend(layer.parameters())
        peaks = [rate * self.recipe.learning_rate for rate in rates]
        optimizer = torch.optim.AdamW(
            [
                {"params": parameters, "lr": peak}
                for parameters, peak in zip(rates.values(), peaks, strict=True)
            ],
            weight_decay=self.recipe.weight_decay,
            fused=True,
        )
        if self.recipe.pull:
            self.starts = [
                parameter.detach().clone()
                for parameters in rates.values()
                for parameter in parameters
            ]
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=peaks, total_steps=self.steps + 1
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,  # noqa: ANN401 - as Lightning declares it
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Step, then pull every trained weight towards its start."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        starts = iter(self.starts)
        if self.recipe.pull:
            with torch.no_grad():
                for group in optimizer.param_groups:
                    for parameter in group["params"]:
                        parameter.lerp_(next(starts), group["lr"] * self.recipe.pull)
