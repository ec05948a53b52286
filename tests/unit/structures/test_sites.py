from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES
from cetransfer.structures.sites import (
    Orbit,
    assign_roles,
    site_elements,
    site_roles,
    symmetry_orbits,
)

SPINEL = {"A": 1, "B": 2, "X": 4}
PEROVSKITE = {"A": 1, "B": 1, "X": 3}


def without_roles(structure):
    bare = structure.copy()
    bare.remove_site_property("role")
    return bare


def test_orbits_of_a_spinel_whose_cations_are_one_element():
    elements = {"A": "Y", "B": "Y", "X": "O"}
    spinel = PROTOTYPES["spinel"].structure(elements, 9.0)
    orbits = symmetry_orbits(spinel)
    assert [(o.role, o.element, o.multiplicity) for o in orbits] == [
        ("A", "Y", 2),
        ("B", "Y", 4),
        ("X", "O", 8),
    ]


def test_roles_keep_sites_apart_that_symmetry_would_join():
    body_centred = Structure(Lattice.cubic(3), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert symmetry_orbits(body_centred) == (Orbit("", "Fe", (0, 1)),)
    body_centred.add_site_property("role", ["A", "B"])
    assert symmetry_orbits(body_centred) == (Orbit("A", "Fe", (0,)), Orbit("B", "Fe", (1,)))


@pytest.mark.parametrize("name", sorted(PROTOTYPES))
def test_assigned_roles_are_those_of_the_prototype(name):
    prototype = PROTOTYPES[name]
    chosen = {"A": "Sr", "B": "Ti", "C": "W", "X": "O"}
    elements = {role: chosen[role] for role in prototype.roles}
    structure = prototype.structure(elements, 8.0)
    assigned = assign_roles(without_roles(structure), elements, prototype.counts)
    assert site_roles(assigned) == list(PROTOTYPES[name].site_roles)


def test_orbits_tell_roles_of_one_element_apart():
    elements = {"A": "Y", "B": "Y", "X": "O"}
    spinel = PROTOTYPES["spinel"].structure(elements, 9.0)
    assigned = assign_roles(without_roles(spinel), elements, SPINEL)
    assert site_roles(assigned) == site_roles(spinel)


def test_roles_that_could_be_swapped_are_refused():
    elements = {"A": "Sr", "B": "Sr", "X": "O"}
    structure = PROTOTYPES["perovskite"].structure(elements, 4.0)
    with pytest.raises(UserError, match=r"Sr fits in more than one way .* 'role' by hand"):
        assign_roles(structure, elements, PEROVSKITE)


def test_a_composition_that_does_not_fit_is_refused():
    structure = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, 4.0)
    with pytest.raises(UserError, match="element Sr does not fit"):
        assign_roles(structure, {"A": "Sr", "B": "Ti", "X": "O"}, SPINEL)


def test_a_site_without_a_role_is_named():
    structure = Structure(Lattice.cubic(4), ["Sr", "Ti"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    structure.add_site_property("role", ["A", None])
    with pytest.raises(UserError, match="site 1 has no site property 'role'"):
        site_roles(structure)


def test_a_shared_site_is_refused_and_charges_are_not():
    mixed = Structure(Lattice.cubic(4), [{"Sr": 0.5, "Ba": 0.5}], [[0, 0, 0]])
    with pytest.raises(UserError, match="site 0 holds"):
        site_elements(mixed)
    charged = Structure(Lattice.cubic(4), ["Sr2+"], [[0, 0, 0]])
    assert site_elements(charged) == ["Sr"]


def test_orbits_are_those_of_the_crystal_whatever_the_cell():
    spinel = PROTOTYPES["spinel"].structure({"A": "Y", "B": "Y", "X": "O"}, 9.0)
    odd = spinel * [[1, 1, 0], [-1, 1, 0], [0, 0, 2]]
    assert [orbit.multiplicity for orbit in symmetry_orbits(odd)] == [8, 16, 32]
