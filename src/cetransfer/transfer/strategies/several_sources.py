"""Fine-tuning from several sources, used in a stated way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cetransfer.transfer.strategy import Trained, register


@register("joint_sources")
@dataclass(frozen=True)
class JointSources(Trained):
    """Fine-tuning from nets that learnt all sources at once, a head each (Caruana, as `joint`).

    With one source it is `fine_tune`.
    """

    pretrain: ClassVar[str | None] = "joint"
    further: ClassVar[str] = "from joint source nets"


@register("source_sequence")
@dataclass(frozen=True)
class SourceSequence(Trained):
    """Fine-tuning from nets that learnt the sources one after the other (`dataset.order`).

    Intermediate-task training of Phang et al., arXiv:1811.01088. With one source it is `fine_tune`.
    """

    pretrain: ClassVar[str | None] = "sequence"
    further: ClassVar[str] = "from source nets in sequence"
