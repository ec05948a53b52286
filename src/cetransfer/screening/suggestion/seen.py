"""Compounds as networks see them: their last hidden layers, as one space of few dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.models.target_nets import extra_inputs
from cetransfer.networks.predict import hidden
from cetransfer.transfer.strategy import Trained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.features.domain import Compounds
    from cetransfer.models.source_nets import StartNets
    from cetransfer.models.target_nets import TargetNets

MOST = 5
"""Networks that are looked through; more of them say little more and cost memory."""

DIMENSIONS = 128


def seen_by(nets: TargetNets, compounds: Compounds, start: StartNets) -> NDArray[np.float64]:
    """Return compounds in the space of the networks' last hidden layers (n, d).

    The layers of all networks side by side, in their first `DIMENSIONS` principal components, in
    units in which the mean squared length of these compounds is 1. Of a strategy that does not
    train its networks, as of `profile_kernel`, they are those of the source nets.

    Parameters
    ----------
    nets
        Of the networks that were trained on all labelled rows, or any others, the first `MOST`.
    compounds
        n of them; what is compared must be in one call.
    start
        The source nets.
    """
    few = nets.take(_chosen(nets))
    extra = None
    if isinstance(few.strategy, Trained):
        own = [one.source for one in few.starts]
        extra = extra_inputs(few.strategy, own, compounds, start, 0)
    layers = hidden(few.stack, compounds.views[0], extra)
    return components(np.concatenate(list(layers), axis=1).astype(np.float64))


def components(layer: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first principal components (n, d), scaled to a mean squared length of 1."""
    centred = layer - layer.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    found = centred @ axes[:, ::-1][:, :DIMENSIONS]
    length = float(np.sqrt(np.square(found).sum(axis=1).mean()))
    scaled: NDArray[np.float64] = found / (length or 1.0)
    return scaled


def _chosen(nets: TargetNets) -> Sequence[int]:
    """Return the members to look through: of equal networks one, those on all rows first."""
    trained = isinstance(nets.strategy, Trained)
    first: dict[tuple[object, ...], int] = {}
    order = sorted(range(len(nets.starts)), key=lambda i: nets.starts[i].fold is not None)
    for i in order:
        one = nets.starts[i]
        same = (one.fold, one.repeat, one.target_seed) if trained else (one.source,)
        first.setdefault(same, i)
    return list(first.values())[:MOST]
