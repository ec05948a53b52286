"""Target nets: what a strategy makes of the source nets and the labelled target rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.networks.scaling import fit_scalers
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, generator, number, torch_generator
from cetransfer.training.fit import fit
from cetransfer.training.module import Recipe
from cetransfer.transfer.strategy import Trained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.settings import Settings
    from cetransfer.transfer.strategy import LayerPlan, Strategy

#: first element of every seed path: source nets and target nets never share random numbers
DOMAIN = 1


@dataclass(frozen=True)
class Start:
    """Where one target net starts: its training rows, its seed path and its source net."""

    rows: NDArray[np.int64]
    repeat: int
    fold: int | None
    target_seed: int
    source: int

    @property
    def batches_path(self) -> tuple[int, ...]:
        """Seed path of the order of rows; the net on all labelled rows has a path of its own."""
        return (DOMAIN, self.repeat, 0 if self.fold is None else self.fold + 1, self.target_seed)


def start_stack(
    strategy: Strategy,
    starts: Sequence[Start],
    source: MlpStack,
    features: NDArray[np.float32],
    labels: NDArray[np.float64],
    settings: Settings,
) -> MlpStack:
    """Return the stack of a strategy before its first step.

    A strategy that uses the source starts from its weights *and* its scalers, so that at step 0 it
    predicts what the source net predicts.
    """
    if strategy.uses_source:
        return source.take([start.source for start in starts])
    stack = MlpStack(len(starts), features.shape[1], settings.network)
    stack.reset(
        [
            torch_generator(settings.seed, Purpose.INIT, DOMAIN, start.repeat, start.target_seed)
            for start in starts
        ]
    )
    fit_scalers(stack, features, labels, [start.rows for start in starts])
    return stack


def fit_strategy(
    strategy: Strategy,
    plan: Sequence[LayerPlan],
    starts: Sequence[Start],
    source: MlpStack,
    features: NDArray[np.float32],
    labels: NDArray[np.float64],
    settings: Settings,
) -> tuple[MlpStack, NDArray[np.float32]]:
    """Train all target nets of a strategy as one stack.

    Parameters
    ----------
    strategy, plan
        What is copied, frozen and trained.
    starts
        M starts, one per member.
    source
        The source nets that starts point to.
    features, labels
        (n, d) and (n,) in their unit: all target rows; only `starts[m].rows` are drawn by member m.
    settings
        Network, training and seed.

    Returns
    -------
    The trained stack and the loss of every step (empty for a strategy that is not trained).
    """
    stack = start_stack(strategy, starts, source, features, labels, settings)
    if not isinstance(strategy, Trained):
        return stack.requires_grad_(requires_grad=False), np.empty(0, np.float32)
    training = settings.training
    losses = fit(
        stack,
        features,
        labels,
        [start.rows for start in starts],
        Recipe(
            epochs=training.epochs,
            batch_size=training.batch_size,
            learning_rate=strategy.learning_rate,
            weight_decay=training.weight_decay,
            loss_beta=training.loss_beta,
            accelerator=training.accelerator,
        ),
        generators=[
            generator(settings.seed, Purpose.BATCHES, *start.batches_path) for start in starts
        ],
        dropout_seed=number(settings.seed, Purpose.DROPOUT, DOMAIN),
        trained=[layer.trained for layer in plan],
        description=f"{strategy.name}, {len(starts)} nets",
    )
    return stack, losses
