from __future__ import annotations

import hashlib
import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Structure
from pymatgen.io.cif import CifWriter
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from cetransfer.errors import UserError
from cetransfer.features.grid import featurize_grid
from cetransfer.settings import FeatureSettings
from cetransfer.structures.prototypes import PROTOTYPES, prototype_named

ELEMENTS = {"A": "Fe", "B": "Ti", "C": "Mg", "X": "O"}
FEATURES = FeatureSettings("abx_cecece", 3, 1.0, 0.01, "open")


def around(structure, role, radius):
    site = structure[structure.site_properties["role"].index(role)]
    return Counter(one.properties["role"] for one in structure.get_neighbors(site, radius))


@pytest.mark.parametrize(
    ("name", "formula", "group", "counts"),
    [
        ("my_perovskite", "ABO3", 221, {"A": 1, "B": 1, "X": 3}),
        ("my_ilmenite", "ABO3", 148, {"A": 2, "B": 2, "X": 6}),
        ("my_corundum", "A2O3", 167, {"A": 4, "X": 6}),
        ("my_spinel", "AB2O4", 227, {"A": 2, "B": 4, "X": 8}),
    ],
)
def test_a_cif_becomes_a_prototype(cif, name, formula, group, counts):
    path = cif(name)
    found = prototype_named(str(path))
    assert (found.name, found.formula_template, found.space_group) == (name, formula, group)
    assert Counter(found.site_roles) == counts
    assert list(found.site_roles) == sorted(found.site_roles)
    assert found.parameters == ()
    assert found.identity == hashlib.sha256(path.read_bytes()).hexdigest()
    a = float(path.read_text().split("_cell_length_a")[1].split()[0])
    structure = found.structure(ELEMENTS, a)
    assert SpacegroupAnalyzer(structure).get_space_group_number() == group
    volume = {"my_ilmenite": 315.84 / 3, "my_corundum": 254.98 / 3, "my_spinel": 8.08**3 / 4}
    assert structure.volume == pytest.approx(volume.get(name, a**3), rel=1e-4)


def test_ilmenite_has_its_octahedra_and_distances(cif):
    structure = prototype_named(str(cif("my_ilmenite"))).structure(ELEMENTS, 5.0884)
    assert around(structure, "A", 2.3) == around(structure, "B", 2.3) == {"X": 6}
    first = structure.site_properties["role"].index("B")
    near = sorted(round(one.nn_distance, 2) for one in structure.get_neighbors(structure[first], 3))
    assert near[:6] == [1.87] * 3 + [2.09] * 3  # Ti-O, Wechsler and Prewitt 1984


def test_corundum_is_six_and_four_fold(cif):
    structure = prototype_named(str(cif("my_corundum"))).structure(ELEMENTS, 4.7602)
    assert around(structure, "A", 2.1) == {"X": 6}
    assert around(structure, "X", 2.1) == {"A": 4}


@pytest.mark.parametrize("name", ["perovskite", "spinel"])
def test_features_are_those_of_the_same_prototype_of_the_package(cif, name):
    rows = pd.DataFrame({"A": ["Sr", "Mg", "Y"], "B": ["Ti", "Al", "Y"]})
    own = featurize_grid(prototype_named(str(cif(f"my_{name}"))), rows, FEATURES)
    ours = featurize_grid(PROTOTYPES[name], rows, FEATURES)
    np.testing.assert_allclose(own, ours, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", sorted(PROTOTYPES))
def test_every_prototype_survives_the_way_through_a_cif(cif, name):
    prototype = PROTOTYPES[name]
    structure = prototype.structure({"A": "Fe", "B": "Ti", "C": "Mg", "X": "O"}, 9.0)
    text = str(CifWriter(structure, symprec=0.001))
    for role, element in ELEMENTS.items():
        text = text.replace(f"  {element}  {element}", f"  {element}  {role}")
    found = prototype_named(str(cif(text, f"my_{name}")))
    assert found.formula_template == prototype.formula_template
    assert found.space_group == prototype.space_group
    assert found.site_roles == prototype.site_roles
    variant = FeatureSettings("ab_ab" if "B" in prototype.roles else "a", 3, 1.0, 0.01, "open")
    rows = pd.DataFrame({"A": ["Sr", "Y"], "B": ["Ti", "Y"], "C": ["Mg", "Y"]})
    np.testing.assert_allclose(
        featurize_grid(found, rows, variant),
        featurize_grid(prototype, rows, variant),
        rtol=1e-5,
        atol=1e-9,
    )


def test_roles_stay_apart_where_both_sites_would_be_one_by_symmetry(cif):
    text = """data_cscl
_cell_length_a 4
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_IT_number 221
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
A1 0 0 0
X1 0.5 0.5 0.5
"""
    assert prototype_named(str(cif(text))).site_roles == ("A", "X")


def test_a_supercell_comes_back_to_the_primitive_cell(cif):
    structure = PROTOTYPES["perovskite"].structure(ELEMENTS, 4.0)
    structure.make_supercell([2, 2, 1])
    text = str(CifWriter(structure))
    for role, element in ELEMENTS.items():
        text = text.replace(f"  {element}  {element}", f"  {element}  {role}")
    assert prototype_named(str(cif(text))).site_roles == PROTOTYPES["perovskite"].site_roles


def test_it_is_known_by_its_content(cif):
    path = cif("my_ilmenite")
    first = prototype_named(str(path))
    assert pickle.loads(pickle.dumps(first)) == first  # noqa: S301 - our own, as workers get it
    assert hash(prototype_named(str(path))) == hash(first)
    path.write_text(path.read_text().replace("0.35537", "0.35000"))
    second = prototype_named(str(path))
    assert second != first
    assert not np.allclose(second.cell()[1], first.cell()[1], atol=1e-4)


def test_a_name_of_the_package_is_not_taken(cif, cifs):
    with pytest.raises(UserError, match=r"perovskite.cif: .*'perovskite' is taken.*rename"):
        prototype_named(str(cif(cifs["my_perovskite"], "perovskite")))


def test_a_structure_with_roles_gives_the_same_features(cif):
    from cetransfer.features.environment import featurize

    found = prototype_named(str(cif("my_ilmenite")))
    structure = found.structure(ELEMENTS, 5.0884)
    assert isinstance(structure, Structure)
    rows = pd.DataFrame({"A": ["Fe"], "B": ["Ti"]})
    np.testing.assert_allclose(
        featurize([structure], FEATURES), featurize_grid(found, rows, FEATURES), rtol=1e-3
    )
