"""Crystal prototypes: a cell built once, relabelled for every composition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    Geometry = Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]]

FCC_PRIMITIVE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


@dataclass(frozen=True)
class Prototype:
    """A cubic crystal structure whose sites are named by role, not by element.

    Parameters
    ----------
    name
        Key in `PROTOTYPES`.
    formula_template
        Formula with the roles in place of the elements, for example ``"AB2O4"``; the oxygen of
        the template stands for role ``X``.
    space_group
        International number.
    site_roles
        Role (``"A"``, ``"B"`` or ``"X"``) of each atom of the primitive cell.
    parameters
        Free internal coordinates and their default values.
    geometry
        Function of the internal coordinates that returns the lattice vectors (3, 3) in units of the
        conventional cubic lattice constant and the fractional coordinates (n_atoms, 3).
    """

    name: str
    formula_template: str
    space_group: int
    site_roles: tuple[str, ...]
    parameters: tuple[tuple[str, float], ...]
    geometry: Geometry

    def cell(self, **parameters: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lattice vectors (3, 3) for a lattice constant of 1 and coordinates (n_atoms, 3).

        Raises
        ------
        UserError
            If the prototype has no internal coordinate of that name.
        """
        known = dict(self.parameters)
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            allowed = ", ".join(known) or "none"
            raise UserError(
                f"prototype {self.name} has no internal coordinate {unknown[0]}; allowed: {allowed}"
            )
        return _cell(self, tuple({**known, **parameters}.items()))

    def structure(
        self, elements: Mapping[str, str], lattice_constant: float, **parameters: float
    ) -> Structure:
        """Build the primitive cell of a composition.

        Parameters
        ----------
        elements
            Element of each role; A and B may be the same element.
        lattice_constant
            Conventional cubic lattice constant in angstrom.
        **parameters
            Internal coordinates, for example ``u`` of the spinel (default 0.2625).

        Returns
        -------
        Structure
            With the site property ``role``.

        Raises
        ------
        UserError
            If a role has no element, an element is unknown or the lattice constant is not positive.
        """
        from pymatgen.core import Element, Structure

        if not lattice_constant > 0:
            raise UserError(
                f"lattice constant {lattice_constant} of {self.name} is not positive; give angstrom"
            )
        for role in dict.fromkeys(self.site_roles):
            if role not in elements:
                raise UserError(f"prototype {self.name} needs an element for role {role}")
            if not Element.is_valid_symbol(elements[role]):
                raise UserError(f"{elements[role]!r} for role {role} is not an element symbol")
        lattice, coordinates = self.cell(**parameters)
        return Structure(
            lattice * lattice_constant,
            [elements[role] for role in self.site_roles],
            coordinates,
            site_properties={"role": list(self.site_roles)},
        )

    def formula(self, elements: Mapping[str, str]) -> str:
        """Return the formula in the order of the roles, unreduced (``YY2O4`` stays as it is)."""
        anion = elements.get("X", "O")
        swap = {"A": elements["A"], "B": elements["B"], "O": anion}
        return "".join(swap.get(letter, letter) for letter in self.formula_template)


@lru_cache(maxsize=256)
def _cell(
    prototype: Prototype, parameters: tuple[tuple[str, float], ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Build the template once for every set of internal coordinates, read-only since shared."""
    lattice, coordinates = prototype.geometry(**dict(parameters))
    lattice.setflags(write=False)
    coordinates.setflags(write=False)
    return lattice, coordinates


def _spinel_cell(u: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place 2 A on 8a (1/8), 4 B on 16d (1/2), 8 X on 32e (u) of Fd-3m, origin choice 2.

    Representatives of the four-fold centred cell from International Tables for Crystallography A,
    no. 227; u = 0.25 is the ideal cubic close packing, the usual spinel has 0.26 to 0.265.
    """
    tetrahedral = [[1 / 8] * 3, [7 / 8] * 3]
    octahedral = [[1 / 2, 1 / 2, 1 / 2], [1 / 4, 3 / 4, 0], [3 / 4, 0, 1 / 4], [0, 1 / 4, 3 / 4]]
    half = [
        [u, u, u],
        [3 / 4 - u, 1 / 4 - u, u + 1 / 2],
        [1 / 4 - u, u + 1 / 2, 3 / 4 - u],
        [u + 1 / 2, 3 / 4 - u, 1 / 4 - u],
    ]
    anions = half + [[-value for value in site] for site in half]
    conventional = np.array(tetrahedral + octahedral + anions)
    lattice = FCC_PRIMITIVE.copy()
    return lattice, (conventional @ np.linalg.inv(lattice)) % 1.0


def _perovskite_cell() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place A on 1a (corner), B on 1b (centre), X on 3c (face centres) of Pm-3m."""
    halves = [[0, 0, 0], [1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    return np.eye(3), np.array(halves, dtype=np.float64) / 2


PROTOTYPES: dict[str, Prototype] = {
    prototype.name: prototype
    for prototype in (
        Prototype(
            name="spinel",
            formula_template="AB2O4",
            space_group=227,
            site_roles=("A",) * 2 + ("B",) * 4 + ("X",) * 8,
            parameters=(("u", 0.2625),),
            geometry=_spinel_cell,
        ),
        Prototype(
            name="perovskite",
            formula_template="ABO3",
            space_group=221,
            site_roles=("A", "B", "X", "X", "X"),
            parameters=(),
            geometry=_perovskite_cell,
        ),
    )
}


def prototype_named(name: str) -> Prototype:
    """Return an entry of `PROTOTYPES`.

    Raises
    ------
    UserError
        If there is none of that name; the message lists the allowed names.
    """
    if name not in PROTOTYPES:
        raise UserError(f"no prototype {name!r}; allowed: {', '.join(sorted(PROTOTYPES))}")
    return PROTOTYPES[name]
