"""The source net alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cetransfer.transfer.strategy import Strategy, register


@register("zero_shot")
@dataclass(frozen=True)
class ZeroShot(Strategy):
    """The source net applied to the target as it is."""

    trains: ClassVar[bool] = False
    learns_target: ClassVar[bool] = False
