"""Target nets: what a strategy made of source nets and labelled rows, enough to predict with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.models.kernels import Kernels
from cetransfer.models.source_words import inputs, kernel_blocks, predictions
from cetransfer.networks.predict import predict
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.transfer.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from cetransfer.features.domain import Compounds
    from cetransfer.models.source_nets import StartNets
    from cetransfer.networks.stack import MlpStack
    from cetransfer.transfer.strategy import Strategy

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

    def init(self, seed: int) -> torch.Generator:
        """Return the generator of start values; nets of one target seed start alike."""
        return torch_generator(seed, Purpose.INIT, DOMAIN, self.repeat, self.target_seed)


@dataclass(frozen=True)
class TargetNets:
    """What a strategy made, enough to predict with.

    Parameters
    ----------
    strategy
        What made it.
    stack
        M networks with one head.
    starts
        Of the members.
    losses
        Of every step; empty where the network is not trained.
    proofs
        What was proved while it was made: the difference from the source nets before the first
        step, the digest of all that training left alone, and whose rows copied scalers stand on.
    reference
        Shift of the target's labels that was taken out before training, if any.
    kernels
        What stands in the place of the output layer or of the network, if anything does.
    """

    strategy: Strategy
    stack: MlpStack
    starts: Sequence[Start]
    losses: NDArray[np.float32]
    proofs: dict[str, Any]
    reference: Reference | None = None
    kernels: Kernels | None = None

    def predict(self, target: Compounds, nets: StartNets) -> NDArray[np.float64]:
        """Return the predictions (M, n) for all rows, the mean over their views."""
        base = base_of(self.strategy, self.reference, self.starts, target, nets)
        own = [start.source for start in self.starts]
        views = []
        for view in range(len(target.views)):
            if self.kernels:
                blocks = kernel_blocks(self.strategy, own, self.stack, target, nets, view)
                views.append(self.kernels.predict(blocks))
            else:
                extra = extra_inputs(self.strategy, own, target, nets, view)
                views.append(predict(self.stack, target.views[view], extra).astype(np.float64))
        mean: NDArray[np.float64] = np.mean(views, axis=0) + base
        return mean

    def take(self, members: Sequence[int]) -> TargetNets:
        """Return the chosen members."""
        reference, kernels = self.reference, self.kernels
        if reference is not None:
            reference = Reference(
                reference.constant[list(members)],
                reference.elements,
                reference.shifts[list(members)],
            )
        if kernels is not None:
            kernels = Kernels([kernels.kernels[member] for member in members])
        return dataclasses.replace(
            self,
            stack=self.stack.take(members),
            starts=[self.starts[member] for member in members],
            reference=reference,
            kernels=kernels,
        )


def base_of(
    strategy: Strategy,
    reference: Reference | None,
    starts: Sequence[Start],
    target: Compounds,
    nets: StartNets,
) -> NDArray[np.float64]:
    """Return what is predicted without the target net (M, n)."""
    none = np.zeros((len(starts), len(target)))
    base = none if reference is None else reference.of(target.sites)
    if not strategy.learns_residual:
        return base
    return base + predictions([start.source for start in starts], target, nets)


def extra_inputs(
    strategy: Strategy, own: Sequence[int], target: Compounds, nets: StartNets, view: int
) -> NDArray[np.float32] | None:
    """Return the further inputs of each member (M, n, k), if it has any."""
    kinds = inputs(strategy, own, target, nets, view)
    return np.concatenate(kinds, axis=2) if kinds else None
