"""A kernel method on what the source net makes of the features."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from cetransfer.transfer.strategy import Strategy, register


@register("kernel_head")
@dataclass(frozen=True)
class KernelHead(Strategy):
    """A kernel method in place of the output layer: a support vector machine or Gaussian process.

    Deep kernel learning of Wilson et al., arXiv:1511.02222, with a trunk that stays as it is.
    """

    trains: ClassVar[bool] = False
    further: ClassVar[str] = "kernel method for the last layer"

    model: str = field(metadata={"choices": ("svr", "gp")})

    @property
    def kernel_model(self) -> str:
        """As configured."""
        return self.model
