"""Layers of the source net kept as they are."""

from __future__ import annotations

from dataclasses import dataclass

from cetransfer.errors import UserError
from cetransfer.transfer.strategy import LayerPlan, Trained, register


@register("freeze")
@dataclass(frozen=True)
class Freeze(Trained):
    """The first `layers` layers keep the source net's values (Yosinski, arXiv:1411.1792)."""

    layers: int

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return copied layers, the first ones frozen."""
        if not 1 <= self.layers < layers:
            raise UserError(
                f"strategy.{self.name}.layers={self.layers} cannot be frozen: the network has "
                f"{layers} layers; give 1 to {layers - 1}"
            )
        return [LayerPlan(layer, "source", trained=layer >= self.layers) for layer in range(layers)]


@register("head_only")
@dataclass(frozen=True)
class HeadOnly(Trained):
    """Only the output layer is trained on (a linear probe; Alain & Bengio, arXiv:1610.01644)."""

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return copied layers, all but the last frozen."""
        return [LayerPlan(layer, "source", trained=layer == layers - 1) for layer in range(layers)]


@register("new_head")
@dataclass(frozen=True)
class NewHead(Trained):
    """The trunk of the source net and a new output layer, both trained.

    How pre-trained networks meet a new task in Donahue et al., arXiv:1310.1531; the new layer has
    the target's own scale.
    """

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return copied layers and a random last one."""
        return [
            LayerPlan(layer, "source" if layer < layers - 1 else "random", trained=True)
            for layer in range(layers)
        ]
