"""Target nets: what strategies make of the source nets and the labelled target rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.models.source_words import kernel_blocks
from cetransfer.models.target_nets import DOMAIN
from cetransfer.seeding import Purpose, generator, number
from cetransfer.training.fit import fit
from cetransfer.training.kernel_head import fit_kernels
from cetransfer.training.module import Course, Recipe
from cetransfer.training.proofs import frozen_digest, require_unchanged
from cetransfer.training.task import begin
from cetransfer.transfer.strategies.fine_tune import L2SP
from cetransfer.transfer.strategy import Trained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.models.target_nets import TargetNets
    from cetransfer.training.task import Begun, Task


def fit_target(tasks: Sequence[Task]) -> list[TargetNets]:
    """Train all target nets of tasks of one shape as one stack.

    Parameters
    ----------
    tasks
        Of one `shape`.

    Returns
    -------
    What each task made, in their order.
    """
    begun = [begin(task) for task in tasks]
    if isinstance(tasks[0].strategy, Trained):
        return _train(begun)
    return [_fit_kernels(each) for each in begun]


def _fit_kernels(begun: Begun) -> TargetNets:
    """Return what becomes of networks that are not trained, but may get a kernel method."""
    task, stack = begun.task, begun.stack
    strategy, target = task.strategy, task.target
    stack.requires_grad_(requires_grad=False)
    empty = np.empty(0, np.float32)
    if not strategy.kernel_model:
        return begun.ended(stack, empty)
    own = [start.source for start in task.starts]
    views = [
        kernel_blocks(strategy, own, stack, target, task.nets, view)
        for view in range(len(target.views))
    ]
    blocks = [
        [np.concatenate(kind) for kind in zip(*member, strict=True)]
        for member in zip(*views, strict=True)
    ]
    kernels = fit_kernels(strategy.name, strategy.kernel_model, blocks, begun.lesson)
    return begun.ended(stack, empty, kernels)


def _train(begun: Sequence[Begun]) -> list[TargetNets]:
    first, *others = begun
    stack = first.stack.joined([each.stack for each in others])
    lesson = first.lesson.joined([each.lesson for each in others])
    courses = [_course(each.task) for each in begun]
    seed = first.task.settings.seed
    names = ", ".join(course.name for course in courses)
    losses = fit(
        stack,
        lesson,
        courses,
        generators=[
            generator(seed, Purpose.BATCHES, *start.batches_path)
            for each in begun
            for start in each.task.starts
        ],
        dropout_seed=number(seed, Purpose.DROPOUT, DOMAIN),
        description=f"{names}: {stack.members} nets",
    )
    made = []
    end = 0
    for each, course in zip(begun, courses, strict=True):
        members = range(end, end + course.members)
        end = members.stop
        # into the stack that this task began with, which has its own settings
        own = each.stack.requires_grad_(requires_grad=False)
        own.load_state_dict(stack.take(members).state_dict())
        require_unchanged(course.name, each.proofs["frozen"], frozen_digest(own, course.plan))
        own = own.with_head(own.heads - 1).requires_grad_(requires_grad=False)
        made.append(each.ended(own, losses[:, members.start : members.stop].mean(axis=1)))
    return made


def _course(task: Task) -> Course:
    strategy, training = task.strategy, task.settings.training
    if not isinstance(strategy, Trained):
        raise TypeError("a network that is not trained has no course")
    pull = strategy.pull if isinstance(strategy, L2SP) else 0.0
    recipe = Recipe(
        epochs=training.epochs,
        batch_size=training.batch_size,
        learning_rate=strategy.learning_rate,
        weight_decay=0.0 if pull else training.weight_decay,
        l1=training.l1,
        dropout=task.settings.network.dropout,
        loss_beta=training.loss_beta,
        accelerator=training.accelerator,
        pull=pull,
    )
    return Course(strategy.name, len(task.starts), recipe, task.plan)
