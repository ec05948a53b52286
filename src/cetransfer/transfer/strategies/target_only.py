"""Nothing of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cetransfer.transfer.strategy import LayerPlan, Trained, from_scratch, register


@register("target_only")
@dataclass(frozen=True)
class TargetOnly(Trained):
    """Random start, target rows only: the baseline of every comparison."""

    uses_source: ClassVar[bool] = False

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return random layers, all trained."""
        return from_scratch(layers)
