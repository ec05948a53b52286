"""A stack of multilayer perceptrons of one shape.

Shapes, throughout: M members, B rows of a batch, d input features, h units of a layer, K heads.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.settings import NetworkSettings

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": nn.functional.relu,
    "silu": nn.functional.silu,
    "tanh": torch.tanh,
}


class Dropout:
    """Where dropout masks come from, and how much each member drops.

    One draw (B, h) a layer and step serves all members: drawing one each costs more than the matrix
    products and changes nothing for a single network.

    Parameters
    ----------
    generator
        On the device that trains.
    rates
        (G,), one for each of G equal parts of the members, in their order; float64.
    """

    def __init__(self, generator: torch.Generator, rates: torch.Tensor) -> None:
        self.generator = generator
        rates = rates[:, None, None, None]
        self.dropped = rates.float().to(generator.device)
        self.kept = (1.0 - rates).float().to(generator.device)

    def __call__(self, hidden: torch.Tensor) -> torch.Tensor:
        """Drop units of hidden layers (M, B, h)."""
        drawn = torch.rand(hidden.shape[1:], generator=self.generator, device=hidden.device)
        masks = drawn.ge(self.dropped) / self.kept
        return (hidden.reshape(len(masks), -1, *hidden.shape[1:]) * masks).flatten(0, 1)


class StackedLinear(nn.Module):
    """`y = x W + b` for M members at once: weight (M, in, out), bias (M, 1, out)."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(members, 1, outputs))

    def reset_member(self, member: int, generator: torch.Generator) -> None:
        """Draw one member's parameters from U(-1/sqrt(in), 1/sqrt(in)), as `nn.Linear` does."""
        bound = 1.0 / math.sqrt(self.weight.shape[1])
        with torch.no_grad():
            self.weight[member].uniform_(-bound, bound, generator=generator)
            self.bias[member].uniform_(-bound, bound, generator=generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (M, B, in) to (M, B, out)."""
        return torch.baddbmm(self.bias, x, self.weight)


class MlpStack(nn.Module):
    """M multilayer perceptrons with their input and output scalers, in the units of the data.

    Each member has its own scalers: buffers `x_mean`, `x_scale` (M, 1, d) and `y_mean`, `y_scale`
    (M, K), one for each head. They travel with the weights.

    Parameters
    ----------
    members
        M, the number of networks.
    inputs
        d, the number of features.
    settings
        Hidden widths, activation and dropout.
    heads
        K, the number of outputs: one for each domain that is learnt at the same time.

    Raises
    ------
    UserError
        If the activation is unknown.
    """

    x_mean: torch.Tensor
    x_scale: torch.Tensor
    y_mean: torch.Tensor
    y_scale: torch.Tensor

    def __init__(
        self, members: int, inputs: int, settings: NetworkSettings, heads: int = 1
    ) -> None:
        super().__init__()
        if settings.activation not in ACTIVATIONS:
            raise UserError(
                f"network.activation={settings.activation} is unknown; "
                f"choose one of {', '.join(ACTIVATIONS)}"
            )
        self.settings = settings
        self.activation = ACTIVATIONS[settings.activation]
        widths = [inputs, *settings.hidden, heads]
        self.layers = nn.ModuleList(
            StackedLinear(members, narrow, wide) for narrow, wide in pairwise(widths)
        )
        self.register_buffer("x_mean", torch.zeros(members, 1, inputs))
        self.register_buffer("x_scale", torch.ones(members, 1, inputs))
        self.register_buffer("y_mean", torch.zeros(members, heads))
        self.register_buffer("y_scale", torch.ones(members, heads))

    @property
    def members(self) -> int:
        """M, the number of networks."""
        return self.y_mean.shape[0]

    @property
    def heads(self) -> int:
        """K, the number of outputs."""
        return self.y_mean.shape[1]

    def linear_layers(self) -> Iterable[StackedLinear]:
        """Return the layers from the input to the output."""
        return (layer for layer in self.layers if isinstance(layer, StackedLinear))

    def reset(self, generators: Sequence[torch.Generator]) -> None:
        """Draw every member's start from its own generator, so that it is the same in any stack."""
        for layer in self.linear_layers():
            for member, generator in enumerate(generators):
                layer.reset_member(member, generator)

    def take(self, members: Sequence[int]) -> MlpStack:
        """Return a new stack with copies of the chosen members, weights and scalers alike."""
        index = torch.tensor(members)
        taken = MlpStack(len(members), self.x_mean.shape[2], self.settings, self.heads)
        taken.load_state_dict({name: values[index] for name, values in self.state_dict().items()})
        return taken

    def joined(self, others: Sequence[MlpStack]) -> MlpStack:
        """Return a new stack with copies of these members and, after them, those of others."""
        stacks = [self, *others]
        count = sum(stack.members for stack in stacks)
        joined = MlpStack(count, self.x_mean.shape[2], self.settings, self.heads)
        states = [stack.state_dict() for stack in stacks]
        joined.load_state_dict(
            {name: torch.cat([state[name] for state in states]) for name in states[0]}
        )
        return joined

    def with_head(self, head: int) -> MlpStack:
        """Return a new stack of the same members with copies of the trunk and of one head."""
        last = len(self.layers) - 1
        of_heads = {f"layers.{last}.weight", f"layers.{last}.bias", "y_mean", "y_scale"}
        single = MlpStack(self.members, self.x_mean.shape[2], self.settings)
        single.load_state_dict(
            {
                name: values[..., head : head + 1] if name in of_heads else values
                for name, values in self.state_dict().items()
            }
        )
        return single

    def change_x_scaler(
        self, member: int, mean: NDArray[np.float64], scale: NDArray[np.float64]
    ) -> None:
        """Set the input scaler of a member and change its first layer so that it predicts the same.

        `mean` and `scale` are (d,).
        """
        first = next(iter(self.linear_layers()))
        before, width = self.x_mean[member, 0].double(), self.x_scale[member, 0].double()
        after, new_width = torch.from_numpy(mean), torch.from_numpy(scale)
        with torch.no_grad():
            weight = first.weight[member].double()
            first.bias[member, 0] += (((after - before) / width) @ weight).float()
            first.weight[member] = (weight * (new_width / width).unsqueeze(1)).float()
        self.x_mean[member, 0], self.x_scale[member, 0] = after, new_width

    def change_y_scaler(self, member: int, mean: float, scale: float) -> None:
        """Set the output scaler of a member with one head; it predicts the same as before."""
        *_, last = self.linear_layers()
        before, width = float(self.y_mean[member, 0]), float(self.y_scale[member, 0])
        with torch.no_grad():
            last.weight[member] *= width / scale
            last.bias[member] = (last.bias[member] * width + before - mean) / scale
        self.y_mean[member, 0], self.y_scale[member, 0] = mean, scale

    def activations(self, x: torch.Tensor, dropout: Dropout | None = None) -> torch.Tensor:
        """Return the last hidden layer (M, B, h); arguments as `standardised`."""
        hidden = (x - self.x_mean) / self.x_scale
        for layer in list(self.linear_layers())[:-1]:
            hidden = self.activation(layer(hidden))
            if dropout is not None:
                hidden = dropout(hidden)
        return hidden

    def standardised(self, x: torch.Tensor, dropout: Dropout | None = None) -> torch.Tensor:
        """Return predictions (M, B, K) in units of each head's label scale.

        Parameters
        ----------
        x
            Features (M, B, d), raw.
        dropout
            While training; None drops nothing.
        """
        *_, last = self.linear_layers()
        output: torch.Tensor = last(self.activations(x, dropout))
        return output

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return predictions (M, B, K) in the units of the labels for features (M, B, d)."""
        return self.standardised(x) * self.y_scale[:, None] + self.y_mean[:, None]
