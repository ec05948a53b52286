"""What the source net predicts, given to a new network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cetransfer.transfer.strategy import LayerPlan, Trained, from_scratch, register


@register("source_input")
@dataclass(frozen=True)
class SourceInput(Trained):
    """A new network that also sees what the source net predicts for both site orders.

    Stacked generalisation of Wolpert, doi 10.1016/S0893-6080(05)80023-1.
    """

    source_as_input: ClassVar[bool] = True
    further: ClassVar[str] = "sees source predictions"

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return random layers, all trained."""
        return from_scratch(layers)


@register("residual")
@dataclass(frozen=True)
class Residual(Trained):
    """A new network learns what the source net's prediction leaves.

    Delta learning of Ramakrishnan et al., doi 10.1021/acs.jctc.5b00099.
    """

    learns_residual: ClassVar[bool] = True
    further: ClassVar[str] = "adds to source predictions"

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return random layers, all trained."""
        return from_scratch(layers)
