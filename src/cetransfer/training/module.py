"""The one LightningModule: it trains a whole stack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch

from cetransfer.networks.stack import Dropout

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
    Hutter, arXiv:1711.05101), and so is `pull`, a decay towards the start values; `l1` times the
    sum of the absolute weights is added to the loss; `dropout` is the share of hidden units that
    are dropped.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    loss_beta: float
    accelerator: str
    pull: float = 0.0
    l1: float = 0.0
    dropout: float = 0.0

    @property
    def pace(self) -> tuple[int, int, float, str]:
        """What all members of a stack have in common."""
        return self.epochs, self.batch_size, self.loss_beta, self.accelerator


@dataclass(frozen=True)
class Course:
    """Members of a stack that stand next to each other and are trained alike.

    Parameters
    ----------
    name
        For messages.
    members
        How many they are.
    recipe
        How they are trained; all courses of a stack have its `pace` in common.
    plan
        For each layer, whether, when and at which share of the learning rate it is trained; while
        it is not, it gets no gradient and no decay.
    """

    name: str
    members: int
    recipe: Recipe
    plan: Sequence[LayerPlan]


@dataclass(frozen=True)
class _Part:
    """The members of one course in one weight or bias: the optimiser steps through `values`."""

    parameter: torch.nn.Parameter
    members: slice
    values: torch.Tensor
    planned: LayerPlan
    l1: float


class StackModule(pl.LightningModule):
    """Trains M members at once: the loss is the sum of their own mean losses.

    Parameters
    ----------
    stack
        The networks, on their start values.
    lesson
        What each member learns from.
    courses
        How the members are trained, in their order.
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
        courses: Sequence[Course],
        steps: int,
        dropout_seed: int,
    ) -> None:
        super().__init__()
        self.stack = stack
        self.courses = courses
        self.steps = steps
        self.dropout_seed = dropout_seed
        self.loss_beta = courses[0].recipe.loss_beta
        for name, values in (
            ("features", torch.tensor(lesson.features, dtype=torch.float32)),
            ("extra", None if lesson.extra is None else torch.tensor(lesson.extra)),
            ("labels", torch.tensor(lesson.labels_by_member, dtype=torch.float32)),
            ("heads", torch.tensor(lesson.head_of)),
            # one block: small tensors of every step would pin the memory freed between them
            ("losses", torch.zeros(steps, stack.members)),
        ):
            self.register_buffer(name, values, persistent=False)
        self.dropout: Dropout | None = None
        self.step = 0
        self.parts: list[_Part] = []
        self.pulls: list[tuple[_Part, torch.Tensor, dict[str, Any], float]] = []

    def on_fit_start(self) -> None:
        """Put the dropout masks' generator on the device that trains."""
        rates = [course.recipe.dropout for course in self.courses]
        if not any(rates):
            return
        if len(set(rates)) == 1:
            rates = rates[:1]
        else:
            # as few masks as there can be: they cost memory traffic, which a step is short of
            equal = math.gcd(*(course.members for course in self.courses))
            rates = [
                course.recipe.dropout
                for course in self.courses
                for _ in range(course.members // equal)
            ]
        self.dropout = Dropout(
            torch.Generator(device=self.device).manual_seed(self.dropout_seed),
            torch.tensor(rates, dtype=torch.float64),
        )

    def training_step(self, rows: torch.Tensor, step: int) -> torch.Tensor:
        """Return the summed smooth-L1 loss of the members on their own rows (M, B)."""
        self.step = step
        plans = zip(*(course.plan for course in self.courses), strict=True)
        for layer, planned in zip(self.stack.linear_layers(), plans, strict=True):
            layer.requires_grad_(any(self._trained_now(each) for each in planned))
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
        losses = torch.nn.functional.smooth_l1_loss(
            prediction, truth, beta=self.loss_beta, reduction="none"
        ).mean(dim=1)
        self.losses[step] = losses.detach()
        return losses.sum()

    def _trained_now(self, planned: LayerPlan) -> bool:
        return planned.trained and self.step >= planned.after * self.steps

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own type is a union of ten
        """Return AdamW and the one-cycle schedule, stepped at every batch.

        Layers of one course and one rate form a group. A group holds its members' part of the
        weights, so that every course has a learning rate and a decay of its own.
        """
        groups: list[dict[str, Any]] = []
        first = 0
        for course in self.courses:
            recipe = course.recipe
            members = slice(first, first + course.members)
            first = members.stop
            rates: dict[float, list[_Part]] = {}
            for layer, planned in zip(self.stack.linear_layers(), course.plan, strict=True):
                if planned.trained:
                    rates.setdefault(planned.rate, []).extend(
                        _Part(
                            parameter,
                            members,
                            parameter.detach()[members],
                            planned,
                            recipe.l1 if parameter is layer.weight else 0.0,
                        )
                        for parameter in layer.parameters()
                    )
            for rate, parts in rates.items():
                group = {
                    "params": [part.values for part in parts],
                    "lr": rate * recipe.learning_rate,
                    "weight_decay": recipe.weight_decay,
                }
                groups.append(group)
                self.parts += parts
                if recipe.pull:
                    self.pulls += [
                        (part, part.values.clone(), group, recipe.pull) for part in parts
                    ]
        peaks = [group["lr"] for group in groups]
        optimizer = torch.optim.AdamW(groups, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=peaks, total_steps=self.steps + 1
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Any) -> None:  # noqa: ANN401, ARG002 - as Lightning declares it
        """Forget the gradients of the whole weights, and of the parts that are stepped."""
        optimizer.zero_grad()
        self.stack.zero_grad()

    def on_before_optimizer_step(self, optimizer: Any) -> None:  # noqa: ANN401, ARG002 - as Lightning declares it
        """Give every part its share of the gradient, where it is trained by now."""
        for part in self.parts:
            gradient = part.parameter.grad
            if gradient is not None and self._trained_now(part.planned):
                part.values.grad = gradient[part.members]
                if part.l1:
                    part.values.grad += part.l1 * part.values.sign()

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,  # noqa: ANN401 - as Lightning declares it
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Step, then pull the weights towards their start where a recipe says so."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        for part, start, group, pull in self.pulls:
            part.values.lerp_(start, group["lr"] * pull)
