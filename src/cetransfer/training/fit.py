"""Fit a stack: one call from start values to trained values."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytorch_lightning as pl
import torch
from joblib import cpu_count
from pytorch_lightning.utilities.exceptions import (  # type: ignore[attr-defined]
    MisconfigurationException,
)

from cetransfer.errors import UserError
from cetransfer.progress import meter
from cetransfer.training.batches import StackData, draw_batches, steps_for
from cetransfer.training.module import Course, StackModule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cetransfer.networks.stack import MlpStack
    from cetransfer.training.lesson import Lesson

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="pytorch_lightning")


class _Advance(pl.Callback):
    """Moves a progress bar by one at every optimiser step."""

    def __init__(self, advance: Callable[[], None]) -> None:
        self.advance = advance

    def on_train_batch_end(self, *_: object) -> None:
        self.advance()


def fit(
    stack: MlpStack,
    lesson: Lesson,
    courses: Sequence[Course],
    *,
    generators: Sequence[np.random.Generator],
    dropout_seed: int,
    description: str,
) -> NDArray[np.float32]:
    """Train a stack in place.

    Parameters
    ----------
    stack
        M networks on their start values, scalers set.
    lesson
        What each member learns from.
    courses
        How the members are trained, in their order.
    generators
        One per member, for the order of its rows.
    dropout_seed
        Seed of the dropout masks.
    description
        What the progress bar says.

    Returns
    -------
    The training loss of every step and member (steps, M), in units of the label's standard
    deviation.

    Raises
    ------
    UserError
        If the accelerator is not to be had, or the loss is not finite.
    KeyboardInterrupt
        On Ctrl-C.
    """
    recipe = courses[0].recipe
    steps = steps_for(lesson.rows, recipe.epochs, recipe.batch_size)
    batches = draw_batches(lesson.rows, steps, recipe.batch_size, generators)
    if lesson.beside is not None:
        # the same generators go on, so that a member still draws the same in any stack
        more = draw_batches(lesson.beside, steps, batches.shape[2], generators)
        batches = np.concatenate([batches, more], axis=2)
    module = StackModule(stack, lesson, courses, steps, dropout_seed)
    with meter(description, steps, "steps") as advance:
        trainer = _trainer(recipe.accelerator, advance)
        stack.train()
        try:
            trainer.fit(module, datamodule=StackData(batches))
        except SystemExit:
            # Lightning turns Ctrl-C into an exit with status 1
            raise KeyboardInterrupt from None
    stack.cpu().requires_grad_(requires_grad=False)
    losses = module.losses.cpu().numpy()
    _require_finite(stack, losses, courses)
    return losses


def _require_finite(
    stack: MlpStack, losses: NDArray[np.float32], courses: Sequence[Course]
) -> None:
    names = np.repeat([course.name for course in courses], [course.members for course in courses])
    steps, members = np.nonzero(~np.isfinite(losses))
    if len(steps):
        raise UserError(
            f"{names[members[0]]}: the training loss is not finite at step {steps[0]} of "
            f"{len(losses)}; lower the learning rate"
        )
    for values in stack.state_dict().values():
        finite = values.flatten(1).isfinite().all(dim=1).numpy()
        if not finite.all():
            raise UserError(
                f"{names[int(np.argmin(finite))]}: weights are not finite after the last step; "
                "lower the learning rate"
            )


def require_accelerator(accelerator: str) -> None:
    """Refuse an accelerator that this machine does not have, before anything is computed.

    Raises
    ------
    UserError
        Naming it and what to give in its place.
    """
    _trainer(accelerator, lambda: None)


def _trainer(accelerator: str, advance: Callable[[], None]) -> pl.Trainer:
    torch.set_num_threads(cpu_count())
    # in full float32 on any device: a GPU has faster products that keep 10 bits of a factor's 23
    torch.set_float32_matmul_precision("highest")
    try:
        return pl.Trainer(
            accelerator=accelerator,
            devices=1,
            precision="32-true",
            max_epochs=1,
            barebones=True,
            callbacks=[_Advance(advance)],
        )
    except (ValueError, RuntimeError, MisconfigurationException) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"training.accelerator={accelerator} is not to be had here: {reason}; "
            "give training.accelerator=cpu"
        ) from error
