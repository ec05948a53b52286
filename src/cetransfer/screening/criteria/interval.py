"""The interval of the formation energy: its upper end below a limit, or its width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from cetransfer.screening.criterion import Criterion, known, register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence

SOURCE = (
    "CV+: Barber et al. (2021), doi 10.1214/20-AOS1965, as cetransfer.models.intervals scales it"
)


@register("interval")
@dataclass(frozen=True)
class UpperEnd(Criterion):
    """The upper end of the 90 % interval lies within limits: stable enough even there."""

    column: ClassVar[str] = "upper"
    symbol: ClassVar[str] = "upper end of E_f"
    unit: ClassVar[str] = "eV/atom"
    source: ClassVar[str] = SOURCE
    needs: ClassVar[tuple[str, ...]] = ("energy", "upper")

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return the upper end, eV/atom."""
        return known(evidence.upper, "intervals")


@register("interval_width")
@dataclass(frozen=True)
class Width(Criterion):
    """The width of the 90 % interval lies within limits: the model knows what it says."""

    column: ClassVar[str] = "interval_width"
    symbol: ClassVar[str] = "interval width"
    unit: ClassVar[str] = "eV/atom"
    source: ClassVar[str] = SOURCE
    needs: ClassVar[tuple[str, ...]] = ("energy", "lower", "upper")

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return the width, eV/atom."""
        return known(evidence.upper, "intervals") - known(evidence.lower, "intervals")
