"""The formation energy lies below a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.screening.criterion import Criterion, known, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence


@register("formation_energy")
@dataclass(frozen=True)
class FormationEnergy(Criterion):
    """The predicted formation energy per atom lies within limits."""

    column: ClassVar[str] = "formation_energy"
    symbol: ClassVar[str] = "E_f"
    unit: ClassVar[str] = "eV/atom"
    source: ClassVar[str] = "Li et al. (2023), doi 10.1038/s41524-023-01068-7"
    needs: ClassVar[tuple[str, ...]] = ("energy",)

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return the formation energy, eV/atom."""
        return known(evidence.energy, "formation energies")

    def energy_window(
        self, evidence: Evidence
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the limits."""
        like = known(evidence.energy, "formation energies")
        return np.full_like(like, self.limits.low), np.full_like(like, self.limits.high)
