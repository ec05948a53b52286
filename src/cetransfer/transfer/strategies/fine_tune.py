"""All layers copied and trained on, in four ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cetransfer.errors import UserError
from cetransfer.transfer.strategy import LayerPlan, Trained, register


@register("fine_tune")
@dataclass(frozen=True)
class FineTune(Trained):
    """All layers start from the source net and are trained on (Yosinski, arXiv:1411.1792)."""


@register("layer_wise")
@dataclass(frozen=True)
class LayerWise(Trained):
    """Fine-tuning at a learning rate that falls by `decay` from each layer to the one below it.

    Discriminative fine-tuning of Howard & Ruder, arXiv:1801.06146, section 3.2.
    """

    decay: float

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return copied layers, the last one at the full rate."""
        return [
            LayerPlan(layer, "source", trained=True, rate=self.decay ** (layers - 1 - layer))
            for layer in range(layers)
        ]


@register("gradual_unfreeze")
@dataclass(frozen=True)
class GradualUnfreeze(Trained):
    """The last layer is trained from the start, each layer below it `every` share of steps later.

    Gradual unfreezing of Howard & Ruder, arXiv:1801.06146, section 3.3.
    """

    every: float

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return copied layers that join in from the last to the first."""
        if self.every * (layers - 1) >= 1:
            raise UserError(
                f"strategy.{self.name}.every={self.every}: the first of {layers} layers would "
                f"never be trained; give less than {1 / (layers - 1):.3g}"
            )
        return [
            LayerPlan(layer, "source", trained=True, after=self.every * (layers - 1 - layer))
            for layer in range(layers)
        ]


@register("l2_sp")
@dataclass(frozen=True)
class L2SP(Trained):
    """Fine-tuning with weights pulled towards the source net's in place of towards zero.

    L2-SP of Li, Grandvalet & Davoine, arXiv:1802.01483, equation 4, the penalty decoupled from the
    gradient as weight decay is in AdamW; `pull` takes the place of `training.weight_decay`.
    """

    further: ClassVar[str] = "pulled towards the source net"

    pull: float
