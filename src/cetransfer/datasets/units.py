"""Units of energy, and what the labels of a user's own table are."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from cetransfer.settings import NamedData

KJ_PER_MOL = 96.48533212
"""One eV per particle in kJ/mol: Avogadro's number times the elementary charge (2019 SI)."""

UNITS = {
    "eV/atom": (1.0, "atom"),
    "eV/formula unit": (1.0, "formula unit"),
    "eV/cell": (1.0, "cell"),
    "kJ/mol": (1.0 / KJ_PER_MOL, "formula unit"),
}
"""Units of a formation energy: eV per unit, and what it is an energy of."""

ENERGY_LIKE = re.compile(
    r"(?i)\W*((m|k|µ)?ev|kj|kcal|mha|hartree|mry|rydberg|(j|ha|ry|cal)(?![a-z]))"
)

RESERVED = frozenset(
    (
        *("formula", "compound", "A", "B", "C", "X", "row", "group"),
        *("strategy", "part", "repeat", "fold", "member", "prediction", "error"),
    )
)
"""Columns of the tables that labels go into."""


@dataclass(frozen=True)
class Measure:
    """What the labels are: quantity and unit, the unit as given, eV in it, and what it is per."""

    quantity: str
    unit: str
    given: str
    factor: float = 1.0
    per: str = "atom"

    @property
    def is_energy(self) -> bool:
        """Whether the labels are formation energies."""
        return self.quantity == FORMATION_ENERGY


def measure_of(chosen: NamedData, key: str) -> Measure:
    """Work out what the labels are from the keys `unit`, `quantity` and `columns.energy`.

    Raises
    ------
    UserError
        If a unit of energy is misspelt, or the quantity has no or no possible name.
    """
    if chosen.unit is None or chosen.columns is None:
        raise UserError(f"{key}.unit has no value; give {key}.unit=..., for example eV/atom")
    unit = chosen.unit.replace("_", " ").strip()
    named = chosen.quantity
    if unit in UNITS and named in (None, FORMATION_ENERGY):
        factor, per = UNITS[unit]
        return Measure(FORMATION_ENERGY, "eV/atom", unit, factor, per)
    if named is None or named == FORMATION_ENERGY:
        _refuse_energy_like(unit, chosen.unit, key, other=named is None)
    quantity = named or chosen.columns.energy
    if quantity in RESERVED or quantity == FORMATION_ENERGY or not quantity.strip():
        raise UserError(
            f"the labels in {chosen.unit!r} are called {quantity!r}, which means something else "
            f"here; name them with {key}.quantity=NAME, for example {key}.quantity=bulk_modulus"
        )
    if not unit:
        raise UserError(f"{key}.unit is empty; for a plain number give {key}.unit=1")
    return Measure(quantity, chosen.unit.strip(), chosen.unit.strip())


def _refuse_energy_like(unit: str, given: str, key: str, *, other: bool) -> None:
    """Refuse what is meant as a unit of energy; with `other`, any other unit is fine."""
    near = difflib.get_close_matches(unit, UNITS, n=1, cutoff=0.7)
    if other and not near and not ENERGY_LIKE.match(unit):
        return
    meant = f"did you mean {near[0]}? " if near else ""
    raise UserError(
        f"{key}.unit={given} is no unit of a formation energy; {meant}allowed: "
        f"{', '.join(UNITS)}; another quantity is named with {key}.quantity=NAME"
    )
