"""Target nets: what a strategy makes of the source nets and the labelled target rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.models.source_words import kernel_blocks, predictions
from cetransfer.models.target_nets import DOMAIN, TargetNets, base_of, extra_inputs
from cetransfer.networks.scaling import set_y_scaler
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, generator, number
from cetransfer.training.fit import fit
from cetransfer.training.kernel_head import fit_kernels
from cetransfer.training.lesson import Lesson
from cetransfer.training.module import Recipe
from cetransfer.training.proofs import frozen_digest, require_unchanged, step_zero
from cetransfer.training.scalers import rescale
from cetransfer.transfer.reference import fit_reference
from cetransfer.transfer.strategies.fine_tune import L2SP
from cetransfer.transfer.strategy import Trained, copies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.models.source_nets import SourceNets
    from cetransfer.models.target_nets import Start
    from cetransfer.settings import Settings
    from cetransfer.transfer.strategy import LayerPlan, Strategy


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


def fit_target(
    strategy: Strategy,
    plan: Sequence[LayerPlan],
    starts: Sequence[Start],
    nets: SourceNets,
    target: Domain,
    settings: Settings,
) -> TargetNets:
    """Train all target nets of a strategy as one stack.

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
    stack = start_stack(plan, starts, nets, lesson, settings)
    proofs = _begun(strategy.name, plan, starts, stack, nets, settings)
    if strategy.kernel_model:
        views = [
            kernel_blocks(strategy, own, stack, target, nets, view)
            for view in range(len(target.views))
        ]
        blocks = [
            [np.concatenate(kind) for kind in zip(*member, strict=True)]
            for member in zip(*views, strict=True)
        ]
        kernels = fit_kernels(strategy.name, strategy.kernel_model, blocks, lesson)
        empty = np.empty(0, np.float32)
        return TargetNets(strategy, stack, starts, empty, proofs, reference, kernels)
    if not isinstance(strategy, Trained):
        stack.requires_grad_(requires_grad=False)
        return TargetNets(strategy, stack, starts, np.empty(0, np.float32), proofs, reference)
    training = settings.training
    pull = strategy.pull if isinstance(strategy, L2SP) else 0.0
    losses = fit(
        stack,
        lesson,
        Recipe(
            epochs=training.epochs,
            batch_size=training.batch_size,
            learning_rate=strategy.learning_rate,
            weight_decay=0.0 if pull else training.weight_decay,
            loss_beta=training.loss_beta,
            accelerator=training.accelerator,
            pull=pull,
        ),
        plan,
        generators=[
            generator(settings.seed, Purpose.BATCHES, *start.batches_path) for start in starts
        ],
        dropout_seed=number(settings.seed, Purpose.DROPOUT, DOMAIN),
        description=f"{strategy.name}, {len(starts)} nets",
    )
    require_unchanged(strategy.name, proofs["frozen"], frozen_digest(stack, plan))
    stack = stack.with_head(stack.heads - 1)
    return TargetNets(strategy, stack, starts, losses, proofs, reference)


def _begun(
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
