"""Source and target learnt at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cetransfer.transfer.strategy import LayerPlan, Trained, from_scratch, register


@register("joint")
@dataclass(frozen=True)
class Joint(Trained):
    """One trunk with a head for the source and one for the target, from a random start.

    Multitask learning of Caruana, doi 10.1023/A:1007379606734. Every batch holds as many source
    rows as target rows.
    """

    with_source_rows: ClassVar[bool] = True
    further: ClassVar[str] = "learns source rows beside"

    def plan(self, layers: int) -> list[LayerPlan]:
        """Return random layers, all trained."""
        return from_scratch(layers)
