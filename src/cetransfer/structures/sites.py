"""Sites of a structure: the role each plays and the symmetry orbit it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymatgen.core import Structure

SYMPREC = 0.01
"""Angstrom: how far a site may be from its symmetric position."""


@dataclass(frozen=True)
class Orbit:
    """Sites that symmetry maps onto each other; `role` is empty where the structure has none."""

    role: str
    element: str
    sites: tuple[int, ...]

    @property
    def multiplicity(self) -> int:
        """Number of sites in the cell."""
        return len(self.sites)


def site_elements(structure: Structure) -> list[str]:
    """Return the element symbol of every site.

    Raises
    ------
    UserError
        If a site is shared by several elements or partly empty.
    """
    symbols = []
    for index, site in enumerate(structure):
        species = site.species
        if len(species) != 1 or not site.is_ordered:
            raise UserError(
                f"site {index} holds {species}; "
                "only fully occupied sites of one element have an environment"
            )
        symbols.append(next(iter(species)).symbol)
    return symbols


def site_roles(structure: Structure) -> list[str]:
    """Return the role (``"A"``, ``"B"``, ``"X"``) of every site.

    Raises
    ------
    UserError
        If a site has no role.
    """
    roles = [site.properties.get("role") for site in structure]
    missing = [index for index, role in enumerate(roles) if not role]
    if missing:
        raise UserError(
            f"site {missing[0]} has no site property 'role'; "
            "add it, for example with cetransfer.structures.sites.assign_roles"
        )
    return [str(role) for role in roles]


def symmetry_orbits(structure: Structure, symprec: float = SYMPREC) -> tuple[Orbit, ...]:
    """Group the sites of a structure into symmetry orbits.

    Sites of one element with different roles stay apart, as in YY2O4 where A == B, and lower the
    symmetry just as two elements would.

    Parameters
    ----------
    structure
        With or without the site property ``role``.
    symprec
        Angstrom, see spglib.

    Raises
    ------
    UserError
        If spglib finds no symmetry, as for coincident sites.
    """
    import spglib

    elements = site_elements(structure)
    roles = [str(site.properties.get("role") or "") for site in structure]
    kinds = list(zip(elements, roles, strict=True))
    number_of = {kind: number for number, kind in enumerate(dict.fromkeys(kinds), 1)}
    numbers = [number_of[kind] for kind in kinds]
    cell = (structure.lattice.matrix, structure.frac_coords, numbers)
    found = spglib.get_symmetry_dataset(cell, symprec=symprec)
    if found is None:
        raise UserError(
            f"spglib finds no symmetry with symprec={symprec}; "
            "check for coincident sites or a distorted lattice"
        )
    # of the crystal: equivalent_atoms are fewer in a supercell that breaks its symmetry
    orbit_of = found.crystallographic_orbits
    first_sites = dict.fromkeys(orbit_of.tolist())
    return tuple(
        Orbit(
            roles[first],
            elements[first],
            tuple(np.flatnonzero(orbit_of == first).tolist()),
        )
        for first in first_sites
    )


def assign_roles(
    structure: Structure,
    elements: Mapping[str, str],
    counts: Mapping[str, int],
    symprec: float = SYMPREC,
    nearest_to_anion: Sequence[str] = (),
) -> Structure:
    """Return a copy with the site property ``role``, worked out from elements and orbits.

    A role with an element of its own takes all sites of that element. Roles that share an element
    share its symmetry orbits, if there is exactly one way to do so that gives every role its number
    of sites.

    Parameters
    ----------
    structure
        For example read from a CIF file.
    elements
        Element of each role, for example ``{"A": "Y", "B": "Y", "X": "O"}``.
    counts
        Sites of each role in a formula unit, for example ``{"A": 1, "B": 2, "X": 4}``.
    symprec
        Angstrom, see `symmetry_orbits`.
    nearest_to_anion
        Roles in the order of their distance to the nearest X, shortest first: decides where the
        numbers leave a choice, as for A and B of the perovskite YYO3.

    Raises
    ------
    UserError
        If the composition does not fit, or the roles of one element cannot be told apart.
    """
    units, rest = divmod(len(structure), sum(counts.values()))
    wanted = {role: counts[role] * units for role in elements}
    bare = structure.copy()
    if "role" in bare.site_properties:
        bare.remove_site_property("role")
    orbits = symmetry_orbits(bare, symprec)
    roles = [""] * len(structure)
    for element in dict.fromkeys(elements.values()):
        own = [orbit for orbit in orbits if orbit.element == element]
        sharing = [role for role, one in elements.items() if one == element]
        ways = list(islice(_ways(own, sharing, wanted), 2))
        if len(ways) > 1 and set(sharing) <= set(nearest_to_anion):
            ordered = [role for role in nearest_to_anion if role in sharing]
            ways = _by_distance(structure, own, ordered, wanted, elements["X"])
        if len(ways) != 1 or rest:
            problem = "does not fit" if rest or not ways else "fits in more than one way"
            raise UserError(
                f"{structure.composition.formula}: element {element} {problem} the roles "
                f"{dict(elements)} with {dict(counts)} sites per formula unit; "
                "set the site property 'role' by hand"
            )
        for orbit, role in zip(own, ways[0], strict=True):
            for site in orbit.sites:
                roles[site] = role
    bare.add_site_property("role", roles)
    site_roles(bare)
    return bare


def _ways(
    orbits: Sequence[Orbit], roles: Sequence[str], wanted: Mapping[str, int]
) -> Iterator[tuple[str, ...]]:
    """Yield every assignment of one role to each orbit that gives each role its site number."""
    if not orbits:
        if not any(wanted[role] for role in roles):
            yield ()
        return
    first, *others = orbits
    for role in roles:
        left = wanted[role] - first.multiplicity
        if left >= 0:
            for way in _ways(others, roles, {**wanted, role: left}):
                yield (role, *way)


def _by_distance(
    structure: Structure,
    orbits: Sequence[Orbit],
    roles: Sequence[str],
    wanted: Mapping[str, int],
    anion: str,
) -> list[tuple[str, ...]]:
    """Give the orbits nearest to the anion to the first role, and so on; none if they tie."""
    anions = [site.frac_coords for site in structure if site.specie.symbol == anion]
    first = [structure[orbit.sites[0]].frac_coords for orbit in orbits]
    distance = structure.lattice.get_all_distances(first, anions).min(axis=1)
    way = [""] * len(orbits)
    left, waiting, last = dict(wanted), list(roles), -np.inf
    for i in np.argsort(distance, kind="stable").tolist():
        if waiting and not left[waiting[0]]:
            waiting.pop(0)
            if distance[i] - last < SYMPREC:
                return []
        if not waiting or orbits[i].multiplicity > left[waiting[0]]:
            return []
        way[i], last = waiting[0], distance[i]
        left[waiting[0]] -= orbits[i].multiplicity
    return [tuple(way)]
