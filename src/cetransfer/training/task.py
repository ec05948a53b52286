"""A task: one strategy from given starts, and what it is before its first step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.models.source_words import predictions
from cetransfer.models.target_nets import TargetNets, base_of, extra_inputs
from cetransfer.networks.scaling import set_y_scaler
from cetransfer.networks.stack import MlpStack
from cetransfer.training.lesson import Lesson
from cetransfer.training.proofs import frozen_digest, step_zero
from cetransfer.training.scalers import rescale
from cetransfer.transfer.reference import fit_reference
from cetransfer.transfer.strategy import Trained, copies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.models.kernels import Kernels
    from cetransfer.models.source_nets import SourceNets
    from cetransfer.models.target_nets import Start
    from cetransfer.settings import Settings
    from cetransfer.transfer.reference import Reference
    from cetransfer.transfer.strategy import LayerPlan, Strategy


@dataclass(frozen=True)
class Task:
    """One strategy from M starts.

    Parameters
    ----------
    strategy, plan
        What is copied, frozen and trained, and what else the source gives.
    starts
        M starts, one per member.
    nets
        The source nets that starts point to.
    target
        All target rows; only `starts[m].rows` are drawn by member m.
    settings
        Network, training, reference and seed.
    """

    strategy: Strategy
    plan: Sequence[LayerPlan]
    starts: Sequence[Start]
    nets: SourceNets
    target: Domain
    settings: Settings

    @property
    def shape(self) -> tuple[object, ...]:
        """What tasks have in common whose members can be trained as one stack.

        A network that is not trained shares with none.
        """
        strategy = self.strategy
        own = None if isinstance(strategy, Trained) else strategy.name
        heads = len(self.nets.sources) if strategy.with_source_rows else 0
        inputs = strategy.source_as_input, strategy.profile_components
        rows = max(len(start.rows) for start in self.starts)
        network, training = self.settings.network, self.settings.training
        pace = training.epochs, training.batch_size, training.loss_beta, training.accelerator
        layers = self.target.features.shape[1], *network.hidden, network.activation
        return own, heads, inputs, rows, layers, pace, self.settings.seed


@dataclass(frozen=True)
class Begun:
    """A task before its first step."""

    task: Task
    lesson: Lesson
    stack: MlpStack
    proofs: dict[str, Any]
    reference: Reference | None

    def ended(
        self,
        stack: MlpStack,
        losses: NDArray[np.float32],
        kernels: Kernels | None = None,
    ) -> TargetNets:
        """Return what was made: M networks with one head, and their losses (steps,)."""
        task = self.task
        return TargetNets(
            task.strategy, stack, task.starts, losses, self.proofs, self.reference, kernels
        )


def begin(task: Task) -> Begun:
    """Return a task with its networks on their start values, and what is proved of them."""
    strategy, starts, nets, target = task.strategy, task.starts, task.nets, task.target
    settings = task.settings
    own = [start.source for start in starts]
    reference = None
    if strategy.uses_source and settings.dataset.reference != "none":
        reference = fit_reference(
            settings.dataset.reference,
            target.data.labels - predictions(own, target, nets),
            target.sites,
            [start.rows for start in starts],
        )
    base = base_of(strategy, reference, starts, target, nets)
    lesson = _lesson(strategy, starts, nets, target, base)
    stack = start_stack(task.plan, starts, nets, lesson, settings)
    proofs = _proved(strategy.name, task.plan, starts, stack, nets, settings)
    return Begun(task, lesson, stack, proofs, reference)


def start_stack(
    plan: Sequence[LayerPlan],
    starts: Sequence[Start],
    nets: SourceNets,
    lesson: Lesson,
    settings: Settings,
) -> MlpStack:
    """Return the stack that a plan says before its first step.

    A plan that copies starts from the source's weights *and* scalers, so that at step 0 it
    predicts what the source net predicts; other scalers (`training.scaler`) change the weights so
    that this stays true.
    """
    if not copies(list(plan)):
        heads = 1 if lesson.heads is None else int(lesson.heads.max()) + 1
        stack = MlpStack(len(starts), lesson.width, settings.network, heads)
        stack.reset([start.init(settings.seed) for start in starts])
        lesson.fit_scalers(stack)
        return stack
    own = [start.source for start in starts]
    stack = nets.start.take(own)
    rescale(stack, settings.training.scaler, lesson, nets, own)
    last = list(stack.linear_layers())[-1]
    if plan[-1].origin == "random":
        for member, start in enumerate(starts):
            last.reset_member(member, start.init(settings.seed))
            set_y_scaler(stack, member, 0, lesson.labels_of(member, lesson.rows[member]))
    return stack


def _proved(
    name: str,
    plan: Sequence[LayerPlan],
    starts: Sequence[Start],
    stack: MlpStack,
    nets: SourceNets,
    settings: Settings,
) -> dict[str, Any]:
    """Return what is proved of a stack before its first step."""
    scaler = settings.training.scaler
    own = [start.source for start in starts]
    exact = scaler.x == scaler.y == "source"
    return {
        "step_zero": step_zero(name, stack, plan, nets, own, exact=exact),
        "frozen": frozen_digest(stack, plan),
        "scaler": {"x": scaler.x, "y": scaler.y} if copies(list(plan)) else None,
    }


def _lesson(
    strategy: Strategy,
    starts: Sequence[Start],
    nets: SourceNets,
    target: Domain,
    base: NDArray[np.float64],
) -> Lesson:
    """Return what the members learn from: target rows, less what is predicted without them."""
    labels = target.labels - np.tile(base, len(target.views))
    rows = [target.in_all_views(start.rows) for start in starts]
    if not strategy.with_source_rows:
        own = [start.source for start in starts]
        views = range(0 if strategy.kernel_model else len(target.views))
        parts = [extra_inputs(strategy, own, target, nets, view) for view in views]
        extra = [part for part in parts if part is not None]
        return Lesson(
            target.features,
            labels,
            rows,
            extra=np.concatenate(extra, axis=1) if extra else None,
        )
    sources = nets.sources
    others = np.concatenate([source.labels for source in sources])
    sizes = [len(labels.T), *(len(source.labels) for source in sources)]
    return Lesson(
        np.concatenate([target.features, *(source.features for source in sources)]),
        np.concatenate([labels, np.broadcast_to(others, (len(labels), len(others)))], axis=1),
        rows,
        beside=[sizes[0] + nets.positions_of(start.source) for start in starts],
        # the target's head is the last one
        heads=np.repeat([len(sources), *range(len(sources))], sizes),
    )
