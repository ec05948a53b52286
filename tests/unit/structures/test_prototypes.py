from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES, prototype_named

SPINEL = PROTOTYPES["spinel"]
PEROVSKITE = PROTOTYPES["perovskite"]
OXIDE = {"A": "Mg", "B": "Al", "X": "O"}


def shells(structure, role, radius):
    """Count (distance, role) pairs around the first site of a role."""
    site = structure[structure.site_properties["role"].index(role)]
    found = structure.get_neighbors(site, radius)
    return Counter((round(one.nn_distance, 3), one.properties["role"]) for one in found)


@pytest.mark.parametrize(
    ("prototype", "counts"),
    [(SPINEL, {"A": 2, "B": 4, "X": 8}), (PEROVSKITE, {"A": 1, "B": 1, "X": 3})],
)
@pytest.mark.parametrize("elements", [OXIDE, {"A": "Y", "B": "Y", "X": "O"}])
def test_roles_have_their_number_of_sites_even_when_a_equals_b(prototype, counts, elements):
    structure = prototype.structure(elements, 8.0)
    roles = structure.site_properties["role"]
    assert Counter(roles) == counts
    assert Counter(prototype.site_roles) == counts
    assert [site.specie.symbol for site in structure] == [elements[role] for role in roles]
    assert SpacegroupAnalyzer(structure).get_space_group_number() == prototype.space_group


def test_spinel_formula_is_not_the_one_of_origin_choice_one():
    assert SPINEL.structure(OXIDE, 8.08).composition.reduced_formula == "MgAl2O4"
    assert PEROVSKITE.structure(OXIDE, 3.9).composition.reduced_formula == "MgAlO3"


def test_formula_stays_unreduced():
    assert SPINEL.formula({"A": "Y", "B": "Y"}) == "YY2O4"
    assert PEROVSKITE.formula({"A": "Sr", "B": "Ti"}) == "SrTiO3"
    assert PEROVSKITE.formula({"A": "O", "B": "B", "X": "F"}) == "OBF3"


def test_spinel_is_the_cell_of_the_space_group():
    reference = Structure.from_spacegroup(
        "Fd-3m:2",
        Lattice.cubic(8.08),
        ["Mg", "Al", "O"],
        [[1 / 8] * 3, [1 / 2] * 3, [0.2625] * 3],
    ).get_primitive_structure()
    matcher = StructureMatcher(primitive_cell=False, scale=False)
    rms, _ = matcher.get_rms_dist(reference, SPINEL.structure(OXIDE, 8.08))
    assert rms < 1e-9


def test_spinel_shells_are_those_of_the_released_prototype():
    # a and u follow from the released A-A (sqrt(3)/4 a) and A-O (sqrt(3) (u - 1/8) a) distances
    a = 3.538 * 4 / np.sqrt(3)
    u = 1.962 / (np.sqrt(3) * a) + 1 / 8
    structure = SPINEL.structure(OXIDE, a, u=u)
    expected = {
        "A": [(1.962, "X", 4), (3.387, "B", 12), (3.426, "X", 12), (3.538, "A", 4)],
        "B": [(1.938, "X", 6), (2.889, "B", 6), (3.345, "X", 2), (3.387, "A", 6)],
    }
    for role, wanted in expected.items():
        found = shells(structure, role, 3.6)
        for distance, neighbour, count in wanted:
            near = [n for (d, r), n in found.items() if r == neighbour and abs(d - distance) < 2e-3]
            assert near == [count]


def test_perovskite_distances():
    structure = PEROVSKITE.structure(OXIDE, 4.0)
    around_a = shells(structure, "A", 4.05)
    assert around_a == {(2.828, "X"): 12, (3.464, "B"): 8, (4.0, "A"): 6}
    assert shells(structure, "B", 3.5) == {(2.0, "X"): 6, (3.464, "A"): 8}


CATIONS = {"A": "Ca", "B": "Al", "C": "Si", "X": "O"}

# lattice constants of NaCl-type MgO, CaF2-type CeO2, TiO2, Y2Ti2O7, grossular, K2NiF4, Ba2MgWO6
FURTHER = {
    "rocksalt": (4.21, "CaO", {"A": 1, "X": 1}),
    "fluorite": (5.41, "CaO2", {"A": 1, "X": 2}),
    "rutile": (4.594, "CaO2", {"A": 1, "X": 2}),
    "pyrochlore": (10.09, "Ca2Al2O7", {"A": 2, "B": 2, "X": 7}),
    "garnet": (11.845, "Ca3Al2(SiO4)3", {"A": 3, "B": 2, "C": 3, "X": 12}),
    "k2nif4": (4.006, "Ca2AlO4", {"A": 2, "B": 1, "X": 4}),
    "double_perovskite": (8.11, "Ca2AlSiO6", {"A": 2, "B": 1, "C": 1, "X": 6}),
}


@pytest.mark.parametrize("name", sorted(FURTHER))
@pytest.mark.parametrize("elements", [CATIONS, dict.fromkeys("ABC", "Y") | {"X": "O"}])
def test_further_prototypes_have_their_space_group_and_formula(name, elements):
    prototype, (a, formula, counts) = PROTOTYPES[name], FURTHER[name]
    structure = prototype.structure(elements, a)
    assert prototype.counts == counts
    assert structure.composition.get_el_amt_dict() == Counter(
        elements[role] for role in prototype.site_roles
    )
    if elements is CATIONS:
        assert structure.composition.reduced_formula == formula
        assert SpacegroupAnalyzer(structure).get_space_group_number() == prototype.space_group


@pytest.mark.parametrize(
    ("name", "role", "radius", "neighbours"),
    [
        ("rocksalt", "A", 2.5, {"X": 6}),
        ("rocksalt", "X", 2.5, {"A": 6}),
        ("fluorite", "A", 2.5, {"X": 8}),
        ("fluorite", "X", 2.5, {"A": 4}),
        ("rutile", "A", 2.2, {"X": 6}),
        ("rutile", "X", 2.2, {"A": 3}),
        ("pyrochlore", "A", 2.6, {"X": 8}),
        ("pyrochlore", "B", 2.6, {"X": 6}),
        ("garnet", "A", 2.6, {"X": 8}),
        ("garnet", "B", 2.6, {"X": 6}),
        ("garnet", "C", 2.6, {"X": 4}),
        ("garnet", "X", 2.52, {"A": 2, "B": 1, "C": 1}),
        ("k2nif4", "A", 2.9, {"X": 9}),
        ("k2nif4", "B", 2.2, {"X": 6}),
        ("double_perovskite", "A", 3.0, {"X": 12}),
        ("double_perovskite", "B", 2.2, {"X": 6}),
        ("double_perovskite", "C", 2.2, {"X": 6}),
        ("double_perovskite", "X", 2.2, {"B": 1, "C": 1}),
    ],
)
def test_further_prototypes_have_their_coordination(name, role, radius, neighbours):
    structure = PROTOTYPES[name].structure(CATIONS, FURTHER[name][0])
    found = Counter()
    for (_, other), count in shells(structure, role, radius).items():
        found[other] += count
    assert found == neighbours


def test_measured_distances_come_out():
    # TiO2: 4 at 1.948 and 2 at 1.980; grossular: Si-O 1.645, Al-O 1.924, Ca-O 2.319 and 2.490
    rutile = shells(PROTOTYPES["rutile"].structure(CATIONS, 4.594), "A", 2.2)
    assert rutile == {(1.948, "X"): 4, (1.982, "X"): 2}
    garnet = PROTOTYPES["garnet"].structure(CATIONS, 11.845)
    assert set(shells(garnet, "C", 2.0)) == {(1.645, "X")}
    assert set(shells(garnet, "B", 2.0)) == {(1.924, "X")}
    assert sorted(shells(garnet, "A", 2.6)) == [(2.319, "X"), (2.491, "X")]


def test_both_octahedra_of_the_ideal_double_perovskite_are_those_of_the_perovskite():
    ideal = PROTOTYPES["double_perovskite"].structure({**OXIDE, "C": "Al"}, 8.0)
    primitive = ideal.get_primitive_structure()
    matcher = StructureMatcher(primitive_cell=False, scale=False)
    assert matcher.fit(primitive, PEROVSKITE.structure(OXIDE, 4.0))


def test_template_is_built_once_and_cannot_be_changed():
    lattice, coordinates = SPINEL.cell()
    assert SPINEL.cell(u=0.2625)[1] is coordinates
    assert not lattice.flags.writeable
    assert not coordinates.flags.writeable


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: SPINEL.structure({"A": "Mg", "B": "Al"}, 8.0), "role X"),
        (lambda: SPINEL.structure({**OXIDE, "A": "Qq"}, 8.0), "'Qq'"),
        (lambda: SPINEL.structure(OXIDE, -1.0), "not positive"),
        (lambda: PEROVSKITE.structure(OXIDE, 4.0, u=0.26), "allowed: none"),
        (lambda: prototype_named("garnit"), "garnet, k2nif4"),
    ],
)
def test_mistakes_are_named(call, word):
    with pytest.raises(UserError, match=word):
        call()
