"""What the source nets of the members say of the target's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.networks.predict import hidden, predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Compounds
    from cetransfer.models.source_nets import StartNets
    from cetransfer.networks.stack import MlpStack
    from cetransfer.transfer.strategy import Strategy


def predictions(own: Sequence[int], target: Compounds, nets: StartNets) -> NDArray[np.float64]:
    """Return what each member's source net predicts (M, n), the mean over the target's views."""
    views = [predict(nets.start, view).astype(np.float64) for view in target.views]
    mean: NDArray[np.float64] = np.mean(views, axis=0)[list(own)]
    return mean


def inputs(
    strategy: Strategy, own: Sequence[int], target: Compounds, nets: StartNets, view: int
) -> list[NDArray[np.float32]]:
    """Return the further inputs (M, n, k) of a strategy, of each kind one array.

    Parameters
    ----------
    strategy
        Its `source_as_input` asks for source predictions, of this view and of the other site
        order; its `profile_components` for the profiles of the elements on A and B.
    own
        Source net of each member.
    target, nets
        n rows, and the source nets.
    view
        Of the target.
    """
    found = []
    if strategy.source_as_input:
        orders = [target.views[view], *target.other_orders(view)]
        every = np.stack([predict(nets.start, order) for order in orders], axis=2)
        found.append(every[list(own)])
    if components := strategy.profile_components:
        profiles = nets.profiles(components)
        found.append(profiles.of_rows(target, exchanged=view == 1)[list(own)])
    return found


def kernel_blocks(
    strategy: Strategy,
    own: Sequence[int],
    stack: MlpStack,
    target: Compounds,
    nets: StartNets,
    view: int,
) -> list[list[NDArray[np.float32]]]:
    """Return the blocks (n, d_b) of each member that a kernel method sees of a view.

    The features, as its source net scales them, and all further inputs; without these, the last
    hidden layer of `stack`.
    """
    features = target.views[view]
    kinds = inputs(strategy, own, target, nets, view)
    if not kinds:
        return [[activations] for activations in hidden(stack, features)]
    scaled = {
        net: (features - nets.start.x_mean[net].numpy()) / nets.start.x_scale[net].numpy()
        for net in set(own)
    }
    return [[scaled[net], *(kind[member] for kind in kinds)] for member, net in enumerate(own)]
