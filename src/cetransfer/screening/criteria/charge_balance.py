"""Charges balance for some oxidation states of the elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.screening.criterion import Criterion, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.screening.evidence import Evidence


@register("charge_balance")
@dataclass(frozen=True)
class ChargeBalance(Criterion):
    """Some oxidation states add up to zero, see `cetransfer.screening.charges`."""

    column: ClassVar[str] = "charge_balanced"
    symbol: ClassVar[str] = "charges balance"
    unit: ClassVar[str] = ""
    source: ClassVar[str] = "oxidation states of pymatgen, or of smact, doi 10.21105/joss.01361"
    needs: ClassVar[tuple[str, ...]] = ("balanced",)
    limited: ClassVar[bool] = False

    rule: str

    def values(self, evidence: Evidence) -> NDArray[np.float64]:
        """Return 1 where charges balance, else 0."""
        if evidence.balanced is None:
            raise ValueError("nobody has worked out which charges balance")
        return evidence.balanced.astype(np.float64)

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell where charges balance."""
        return values > 0

    @property
    def words(self) -> str:
        """The criterion in one line."""
        return f"{self.symbol} ({self.rule})"

    def remedy(self, values: NDArray[np.float64]) -> str:
        """Say what would leave something."""
        del values
        other = "smact" if self.rule == "pymatgen" else "pymatgen"
        return f"no charges balance; give other elements, or charge_rule={other}"
