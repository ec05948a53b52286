"""The distance from the convex hull of reference phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cetransfer.screening.criterion import Criterion, known, register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence


@register("hull")
@dataclass(frozen=True)
class HullDistance(Criterion):
    """The formation energy lies this far above the hull of the `references`, negative: below it."""

    column: ClassVar[str] = "hull_distance"
    symbol: ClassVar[str] = "hull distance"
    unit: ClassVar[str] = "eV/atom"
    source: ClassVar[str] = "pymatgen PhaseDiagram: Ong et al. (2008), doi 10.1021/cm702327g"
    needs: ClassVar[tuple[str, ...]] = ("energy", "hull_energy")

    references: str
    columns: Any

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return the distance, eV/atom; NaN where no reference phase is known."""
        hull = known(evidence.hull_energy, "reference phases")
        return known(evidence.energy, "formation energies") - hull

    def energy_window(
        self, evidence: Evidence
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the formation energies that are so far from the hull."""
        hull = known(evidence.hull_energy, "reference phases")
        return hull + self.limits.low, hull + self.limits.high
