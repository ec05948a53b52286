from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from cetransfer.datasets.roles import (
    formula_of,
    wanted_by_composition,
    wanted_by_formula,
    wanted_by_prototype,
    with_roles,
)
from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES


def bare(name, **elements):
    structure = PROTOTYPES[name].structure({"X": "O", **elements}, 8.5 if name == "spinel" else 4)
    structure.remove_site_property("role")
    return structure


def roles_of(structure):
    return structure.site_properties["role"]


def test_a_formula_is_taken_in_the_order_written():
    wanted, atoms = wanted_by_formula("Y2Y4O8")
    assert wanted.elements == (("A", "Y"), ("B", "Y"), ("X", "O"))
    assert wanted.counts == (("A", 1), ("B", 2), ("X", 4))
    assert atoms == 14
    wanted, _ = wanted_by_formula("Ba2MgWO6")
    assert wanted.elements == (("A", "Ba"), ("B", "Mg"), ("C", "W"), ("X", "O"))


def test_one_element_on_two_sites_is_told_apart_by_their_numbers():
    spinel = with_roles(bare("spinel", A="Y", B="Y"), wanted_by_formula("YY2O4")[0])
    assert roles_of(spinel) == list(PROTOTYPES["spinel"].site_roles)
    other = with_roles(bare("spinel", A="Y", B="Y"), wanted_by_formula("Y2YO4")[0])
    assert roles_of(other) == ["B"] * 2 + ["A"] * 4 + ["X"] * 8


def test_equal_numbers_are_told_apart_by_the_prototype_alone():
    structure = bare("perovskite", A="Y", B="Y") * (2, 1, 1)
    structure.perturb(0.01, seed=0)
    wanted, _ = wanted_by_prototype("YYO3", PROTOTYPES["perovskite"])
    assert wanted.nearest_to_anion == ("B", "A")
    assert roles_of(with_roles(structure, wanted)) == ["A"] * 2 + ["B"] * 2 + ["X"] * 6
    with pytest.raises(UserError, match="A and B cannot be told apart; name a prototype, or"):
        with_roles(structure, wanted_by_formula("YYO3")[0])


def test_many_orbits_of_one_element_take_no_time():
    structure = bare("spinel", A="Y", B="Y") * (2, 2, 2)
    structure.perturb(0.3, seed=1)
    with pytest.raises(UserError, match="A and B cannot be told apart"):
        with_roles(structure, wanted_by_formula("YY2O4")[0])


def test_roles_of_the_structure_go_before_all_else():
    swapped = bare("perovskite", A="Sr", B="Ti")
    swapped.add_site_property("role", ["B", "A", "X", "X", "X"])
    assert roles_of(with_roles(swapped, wanted_by_formula("SrTiO3")[0])) == roles_of(swapped)
    with pytest.raises(UserError, match="the structure holds SrTiO3, not"):
        with_roles(swapped, wanted_by_formula("BaTiO3")[0])


def test_without_a_formula_the_elements_are_ordered_by_electronegativity():
    wanted = wanted_by_composition(bare("perovskite", A="Ti", B="Sr") * 2)
    assert formula_of(wanted) == "SrTiO3"
    roles = roles_of(with_roles(bare("perovskite", A="Ti", B="Sr"), None))
    assert roles == ["B", "A", "X", "X", "X"]


@pytest.mark.parametrize("formula", ["SrTiO2", "SrTi2O6", "BaTiO3", "SrO3"])
def test_another_composition_is_refused(formula):
    with pytest.raises(UserError, match="the structure holds SrTiO3, not the formula's"):
        with_roles(bare("perovskite", A="Sr", B="Ti"), wanted_by_formula(formula)[0])


def test_too_few_or_too_many_elements_are_refused():
    with pytest.raises(UserError, match="one element only"):
        wanted_by_formula("Fe2")
    with pytest.raises(UserError, match=r"4 cations.* pymatgen JSON with the site property role"):
        wanted_by_formula("LaSrFeCoO6")
    five = Structure(
        Lattice.cubic(6), ["La", "Sr", "Fe", "Co", "O"], [[i / 5, 0, 0] for i in range(5)]
    )
    with pytest.raises(UserError, match="4 cations"):
        with_roles(five, None)
    five.add_site_property("role", ["A", "A", "B", "B", "X"])
    assert roles_of(with_roles(five, None)) == ["A", "A", "B", "B", "X"]
