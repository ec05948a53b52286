"""From a crystal to the sites that a model knows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.formulas import elements_on_sites
from cetransfer.datasets.roles import nearest_to_anion, wanted_by_prototype, with_roles
from cetransfer.errors import UserError
from cetransfer.features.variants import variant_named
from cetransfer.structures.packed import pack
from cetransfer.structures.read import MOST_BYTES, read_structure

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

    from cetransfer.models.compounds import Kind
    from cetransfer.structures.prototypes import Prototype

CLEAR = 1.01
"""Ratio of distances to the anion from which on two cations are told apart by them."""


def read_crystal(path: Path) -> Structure:
    """Read a file with one structure.

    Raises
    ------
    UserError
        Saying what is wrong, without the file's name.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"it cannot be read ({error.strerror}); check the path") from error
    return read_structure(content, path.suffix)


def with_sites(structure: Structure, kind: Kind) -> tuple[str, dict[str, str], Structure]:
    """Return the formula of a crystal, the element on each role, and the crystal with roles.

    A model of compositions takes the elements alone: the crystal only says which stands where.

    Raises
    ------
    UserError
        If it is not of the form of the model's prototype, or its sites cannot be told apart.
    """
    formula = _written(structure)
    if not kind.from_structures:
        if kind.prototype is None:
            raise ValueError("a model of compositions has a prototype")
        sites = sites_in(structure, kind.prototype)
        return kind.prototype.formula(sites), sites, structure
    wanted = None
    if kind.prototype is not None and "role" not in structure.site_properties:
        wanted, _ = wanted_by_prototype(formula, kind.prototype)
    placed = with_roles(structure, wanted)
    packed = pack([placed])
    (on_roles,), ((formula, _),) = packed.elements(), packed.formulas()
    for role in on_roles:
        if role not in kind.roles:
            raise UserError(f"it has a site of role {role}, which the model does not know")
    for role in variant_named(kind.features.variant).roles:
        if role not in on_roles:
            raise UserError(
                f"it has no site of role {role}; give a crystal with {', '.join(kind.roles)}, as "
                "pymatgen JSON with the site property role where one element is on two"
            )
    return formula, {role: on_roles.get(role, "") for role in kind.roles}, placed


def sites_in(structure: Structure, prototype: Prototype) -> dict[str, str]:
    """Return the element of each role of a prototype in a crystal of its composition.

    Two cations that are equally many are told apart by their distance to the anions: the order is
    that of the prototype. Where the distances are equal, the less electronegative one comes first.

    Raises
    ------
    UserError
        If the composition is not of the prototype's form.
    """
    sites, _ = elements_on_sites(_written(structure), prototype)
    alike = [
        role
        for role in nearest_to_anion(prototype)
        if list(prototype.counts.values()).count(prototype.counts[role]) > 1
        and prototype.counts[role] != prototype.counts["X"]
    ]
    distance = {role: _to_anion(structure, sites[role], sites["X"]) for role in alike}
    ordered = sorted(alike, key=distance.__getitem__)
    apart = [distance[far] / distance[near] for near, far in pairwise(ordered)]
    if len(alike) < 2 or min(apart) < CLEAR:  # noqa: PLR2004 - one cation has no double
        return sites
    return {**sites, **dict(zip(alike, [sites[role] for role in ordered], strict=True))}


def _to_anion(structure: Structure, element: str, anion: str) -> float:
    """Return the mean over an element's sites of the distance to the nearest anion, angstrom."""
    symbols = np.array([site.specie.symbol for site in structure])
    between = structure.distance_matrix[symbols == element][:, symbols == anion]
    return float(between.min(axis=1).mean())


def _written(structure: Structure) -> str:
    """Write the reduced formula, the least electronegative element first: ``Sr1Ti1O3``."""
    return str(structure.composition.reduced_composition.formula).replace(" ", "")
