"""Crystal prototypes: a cell built once, relabelled for every composition."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cetransfer.errors import UserError, nearest
from cetransfer.structures import geometries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    Geometry = Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True)
class Prototype:
    """A crystal structure whose sites are named by role, not by element.

    Roles are ``A``, ``B`` and ``X``, and ``C`` for a third cation (B' of a double perovskite, the
    tetrahedral site of garnet).

    Parameters
    ----------
    name
        Key in `PROTOTYPES`; of the user's own, the name of its file without ``.cif``.
    formula_template
        Formula with the roles in place of the elements, for example ``"AB2O4"``; the oxygen of
        the template stands for role ``X``.
    space_group
        International number.
    site_roles
        Role of each atom of the primitive cell, role by role.
    parameters
        What is free beside the lattice constant a, with default values: internal coordinates, and
        the ratio ``c_over_a`` of a tetragonal cell.
    geometry
        Function of the parameters, for example in `cetransfer.structures.geometries`.
    sha256
        Of the CIF file of the user's own; empty for those that come with the package.
    """

    name: str
    formula_template: str
    space_group: int
    site_roles: tuple[str, ...]
    parameters: tuple[tuple[str, float], ...]
    geometry: Geometry
    sha256: str = ""

    @property
    def identity(self) -> str:
        """What tells this prototype from all others: its name, or the content of its file."""
        return self.sha256 or self.name

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles that occur, in the order of the formula."""
        return tuple(dict.fromkeys(self.site_roles))

    @property
    def counts(self) -> dict[str, int]:
        """Atoms of each role in a formula unit."""
        smallest = math.gcd(*(self.site_roles.count(role) for role in self.roles))
        return {role: self.site_roles.count(role) // smallest for role in self.roles}

    def cell(self, **parameters: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lattice vectors (3, 3) for a lattice constant of 1 and coordinates (n_atoms, 3).

        Raises
        ------
        UserError
            If the prototype has no parameter of that name.
        """
        known = dict(self.parameters)
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            allowed = ", ".join(known) or "none"
            raise UserError(
                f"prototype {self.name} has no parameter {unknown[0]}; allowed: {allowed}"
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
            Conventional lattice constant a in angstrom.
        **parameters
            For example ``u`` of the spinel (default 0.2625).

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
        for role in self.roles:
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
        swap = {role: elements[role] for role in self.roles if role != "X"}
        swap["O"] = elements.get("X", "O")
        return "".join(swap.get(letter, letter) for letter in self.formula_template)


@lru_cache(maxsize=256)
def _cell(
    prototype: Prototype, parameters: tuple[tuple[str, float], ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Build the template once for every set of parameters, read-only since shared."""
    lattice, coordinates = prototype.geometry(**dict(parameters))
    lattice.setflags(write=False)
    coordinates.setflags(write=False)
    return lattice, coordinates


def _sites(**counts: int) -> tuple[str, ...]:
    """Repeat every role as often as it occurs in the primitive cell."""
    return tuple(role for role, count in counts.items() for _ in range(count))


PROTOTYPES: dict[str, Prototype] = {
    prototype.name: prototype
    for prototype in (
        Prototype(
            name="spinel",
            formula_template="AB2O4",
            space_group=227,
            site_roles=_sites(A=2, B=4, X=8),
            parameters=(("u", 0.2625),),
            geometry=geometries.spinel,
        ),
        Prototype(
            name="perovskite",
            formula_template="ABO3",
            space_group=221,
            site_roles=_sites(A=1, B=1, X=3),
            parameters=(),
            geometry=geometries.perovskite,
        ),
        Prototype(
            name="rocksalt",
            formula_template="AO",
            space_group=225,
            site_roles=_sites(A=1, X=1),
            parameters=(),
            geometry=geometries.rocksalt,
        ),
        Prototype(
            name="fluorite",
            formula_template="AO2",
            space_group=225,
            site_roles=_sites(A=1, X=2),
            parameters=(),
            geometry=geometries.fluorite,
        ),
        Prototype(
            name="rutile",
            formula_template="AO2",
            space_group=136,
            site_roles=_sites(A=2, X=4),
            parameters=(("c_over_a", 0.644), ("u", 0.305)),
            geometry=geometries.rutile,
        ),
        Prototype(
            name="pyrochlore",
            formula_template="A2B2O7",
            space_group=227,
            site_roles=_sites(A=4, B=4, X=14),
            parameters=(("x", 0.33),),
            geometry=geometries.pyrochlore,
        ),
        Prototype(
            name="garnet",
            formula_template="A3B2C3O12",
            space_group=230,
            site_roles=_sites(A=12, B=8, C=12, X=48),
            parameters=(("x", 0.0381), ("y", 0.0449), ("z", 0.6514)),
            geometry=geometries.garnet,
        ),
        Prototype(
            name="k2nif4",
            formula_template="A2BO4",
            space_group=139,
            site_roles=_sites(A=2, B=1, X=4),
            parameters=(("c_over_a", 3.264), ("z_a", 0.352), ("z_x", 0.151)),
            geometry=geometries.k2nif4,
        ),
        Prototype(
            name="double_perovskite",
            formula_template="A2BCO6",
            space_group=225,
            site_roles=_sites(A=2, B=1, C=1, X=6),
            parameters=(("x", 0.25),),
            geometry=geometries.double_perovskite,
        ),
    )
}


def prototype_named(name: str) -> Prototype:
    """Return an entry of `PROTOTYPES`, or the user's own from a path that ends in ``.cif``.

    Raises
    ------
    UserError
        If there is none of that name, or the file is no CIF with site roles.
    """
    if name.lower().endswith(".cif"):
        from cetransfer.structures.own_prototype import prototype_from_cif

        return prototype_from_cif(Path(name))
    if name not in PROTOTYPES:
        allowed = f"allowed: {', '.join(sorted(PROTOTYPES))}, or the path of your own .cif"
        raise UserError(f"no prototype {name!r}; {nearest(name, PROTOTYPES, allowed)}")
    return PROTOTYPES[name]


def prototype_hashes(name: str) -> dict[str, str]:
    """Return the SHA-256 of the user's own CIF by its path; nothing for an entry of `PROTOTYPES`.

    Raises
    ------
    UserError
        As `prototype_named`.
    """
    sha256 = prototype_named(name).sha256
    return {name: sha256} if sha256 else {}
