"""Which site of a structure is A, B, C or X: from its own property, a prototype or a formula."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cetransfer.datasets.formulas import element_counts, elements_on_sites
from cetransfer.errors import UserError
from cetransfer.structures.packed import ROLES
from cetransfer.structures.shells import neighbour_shells
from cetransfer.structures.sites import assign_roles, site_roles

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from cetransfer.structures.prototypes import Prototype

BY_HAND = "give the structure as pymatgen JSON with the site property role"


@dataclass(frozen=True)
class Wanted:
    """Element and number of sites of each role in a formula unit; roles that may share one.

    `nearest_to_anion` lists the roles of a prototype by their distance to X, shortest first, for
    roles that share an element and have equal numbers.
    """

    elements: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, int], ...]
    nearest_to_anion: tuple[str, ...] = ()


def wanted_by_formula(formula: str) -> tuple[Wanted, int]:
    """Take cations in the order written as A, B, C and the last element as X.

    Returns
    -------
    tuple
        Roles for ``YY2O4``: A = Y (1), B = Y (2), X = O (4); and the atoms of the formula as
        written.

    Raises
    ------
    UserError
        If the formula cannot be read, or has too few or too many elements.
    """
    found = element_counts(formula)
    *cations, _ = found
    _require_cations(len(cations))
    roles = (*ROLES[: len(cations)], "X")
    unit = math.gcd(*(number for _, number in found))
    return (
        Wanted(
            tuple((role, symbol) for role, (symbol, _) in zip(roles, found, strict=True)),
            tuple((role, number // unit) for role, (_, number) in zip(roles, found, strict=True)),
        ),
        sum(number for _, number in found),
    )


def wanted_by_prototype(formula: str, prototype: Prototype) -> tuple[Wanted, int]:
    """Put the elements of a formula on the sites of a prototype; errors and result as above."""
    elements, atoms = elements_on_sites(formula, prototype)
    return (
        Wanted(
            tuple(elements.items()), tuple(prototype.counts.items()), nearest_to_anion(prototype)
        ),
        atoms,
    )


def wanted_by_composition(structure: Structure) -> Wanted:
    """Order the elements of a structure: the most electronegative is X, the least A.

    That is an order of the elements, no knowledge of the sites.

    Raises
    ------
    UserError
        If there are too few or too many elements.
    """
    amounts = {element: round(n) for element, n in structure.composition.items()}
    # noble gases have no electronegativity; the symbol makes ties repeatable
    ordered = sorted(amounts, key=lambda one: (float(one.data.get("X") or 0.0), one.symbol))
    _require_cations(len(ordered) - 1)
    roles = (*ROLES[: len(ordered) - 1], "X")
    unit = math.gcd(*amounts.values())
    return Wanted(
        tuple((role, one.symbol) for role, one in zip(roles, ordered, strict=True)),
        tuple((role, amounts[one] // unit) for role, one in zip(roles, ordered, strict=True)),
    )


def with_roles(structure: Structure, wanted: Wanted | None) -> Structure:
    """Return a structure whose sites have roles.

    Parameters
    ----------
    structure
        A site property ``role`` that it has already goes before all else.
    wanted
        From a formula or prototype; None to order the elements of the structure.

    Raises
    ------
    UserError
        If structure and formula differ in composition, or the sites cannot be told apart.
    """
    if wanted is not None:
        _refuse_other_composition(structure, wanted)
    if "role" in structure.site_properties:
        site_roles(structure)
        return structure
    wanted = wanted_by_composition(structure) if wanted is None else wanted
    elements, counts = dict(wanted.elements), dict(wanted.counts)
    if len(set(elements.values())) < len(elements):
        try:
            return assign_roles(
                structure, elements, counts, nearest_to_anion=wanted.nearest_to_anion
            )
        except UserError as error:
            on_several = [
                role for role, one in elements.items() if list(elements.values()).count(one) > 1
            ]
            named = "" if wanted.nearest_to_anion else "name a prototype, or "
            raise UserError(
                f"the sites of {' and '.join(on_several)} cannot be told apart; {named}{BY_HAND}"
            ) from error
    role_of = {symbol: role for role, symbol in elements.items()}
    placed = structure.copy()
    placed.add_site_property("role", [role_of[site.specie.symbol] for site in structure])
    return placed


def formula_of(wanted: Wanted) -> str:
    """Write the formula in the order of the roles."""
    counts = dict(wanted.counts)
    return "".join(
        f"{symbol}{counts[role] if counts[role] > 1 else ''}" for role, symbol in wanted.elements
    )


def is_odd_anion(wanted: Wanted) -> bool:
    """Tell whether the element taken as X is not the most electronegative of the compound."""
    from pymatgen.core import Element

    values = [float(Element(symbol).data.get("X") or 0.0) for _, symbol in wanted.elements]
    return dict(wanted.elements)["X"] != wanted.elements[values.index(max(values))][1]


def _require_cations(count: int) -> None:
    if count < 1:
        raise UserError("it holds one element only; a compound has a cation A and an anion X")
    if count > len(ROLES) - 1:
        raise UserError(f"it holds {count} cations, roles are there for three; {BY_HAND}")


def _refuse_other_composition(structure: Structure, wanted: Wanted) -> None:
    counts = dict(wanted.counts)
    amounts: dict[str, int] = {}
    for role, symbol in wanted.elements:
        amounts[symbol] = amounts.get(symbol, 0) + counts[role]
    there = {element.symbol: round(n) for element, n in structure.composition.items()}
    unit, rest = divmod(len(structure), sum(amounts.values()))
    if rest or there != {symbol: number * unit for symbol, number in amounts.items()}:
        raise UserError(
            f"the structure holds {structure.composition.reduced_formula}, not the formula's "
            "composition"
        )


@lru_cache(maxsize=16)
def nearest_to_anion(prototype: Prototype) -> tuple[str, ...]:
    """Return the roles of a prototype but X by their distance to the nearest X."""
    stand_ins = {"A": "Li", "B": "Be", "C": "B", "X": "O"}
    cell = prototype.structure(stand_ins, 10.0)
    shells = neighbour_shells(cell, 12)
    roles = site_roles(cell)
    nearest = {
        role: min(
            distance
            for centre, other, distance in zip(
                shells.centre.tolist(),
                shells.neighbour.tolist(),
                shells.distance.tolist(),
                strict=True,
            )
            if roles[centre] == role and roles[other] == "X"
        )
        for role in prototype.roles
        if role != "X"
    }
    return tuple(sorted(nearest, key=nearest.__getitem__))
