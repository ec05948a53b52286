from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from cetransfer.errors import UserError
from cetransfer.features.environment import featurize
from cetransfer.features.tables import load_table
from cetransfer.settings import FeatureSettings
from cetransfer.structures.prototypes import PROTOTYPES

TABLE = load_table("open")
WIDEST = FeatureSettings("abx_cecece", 2, 1.0, 0.01, "open")
LOWEST = {
    "spinel": 7.5,
    "perovskite": 3.6,
    "pyrochlore": 9.5,
    "k2nif4": 3.7,
    "double_perovskite": 7.2,
}
element = st.sampled_from([symbol for symbol in TABLE.elements if symbol != "O"])


@st.composite
def structures(draw):
    """Compounds of any two elements in prototypes with A and B, A == B among them."""
    name = draw(st.sampled_from(sorted(LOWEST)))
    site_a = draw(element)
    site_b = site_a if draw(st.booleans()) else draw(element)
    lowest = LOWEST[name]
    lattice_constant = draw(st.floats(lowest, 1.2 * lowest))
    elements = {"A": site_a, "B": site_b, "C": "Si", "X": "O"}
    return PROTOTYPES[name].structure(elements, lattice_constant)


@st.composite
def feature_settings(draw):
    shells, exponent = draw(st.integers(1, 3)), draw(st.sampled_from([0.0, 1.0, 2.0]))
    return FeatureSettings("abx_cecece", shells, exponent, 0.01, "open")


def scale(structure):
    """Largest property of the structure's elements, per column: what a change is relative to."""
    rows = TABLE.positions([site.specie.symbol for site in structure], str)
    return np.maximum(np.tile(np.abs(TABLE.values[rows]).max(axis=0), 6), 1e-12)


def relative_change(one, other, config):
    return np.max(np.abs(featurize([one], config) - featurize([other], config)) / scale(one))


def changed(structure, matrix=None, coordinates=None):
    return Structure(
        structure.lattice.matrix if matrix is None else matrix,
        structure.species,
        structure.frac_coords if coordinates is None else coordinates,
        site_properties=structure.site_properties,
    )


@given(structures(), feature_settings(), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_rotation_changes_nothing(structure, config, seed):
    rotation = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    turned = changed(structure, matrix=structure.lattice.matrix @ rotation)
    assert relative_change(structure, turned, config) < 1e-10


@given(structures(), feature_settings(), st.tuples(*[st.floats(-2, 2)] * 3))
@settings(max_examples=25, deadline=None)
def test_translation_changes_nothing(structure, config, shift):
    moved = changed(structure, coordinates=structure.frac_coords + np.array(shift))
    assert relative_change(structure, moved, config) < 1e-10


@given(
    structures(),
    feature_settings(),
    st.sampled_from([(2, 1, 1), (1, 2, 2), [[1, 1, 0], [-1, 1, 0], [0, 0, 1]]]),
)
@settings(max_examples=20, deadline=None)
def test_a_supercell_has_the_features_of_its_cell(structure, config, scaling):
    assert relative_change(structure, structure.copy() * scaling, config) < 1e-10


@given(structures(), feature_settings(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_sites_does_not_matter(structure, config, random):
    sites = list(structure)
    random.shuffle(sites)
    assert relative_change(structure, Structure.from_sites(sites), config) < 1e-10


@given(structures(), feature_settings(), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_small_shake_changes_little(structure, config, seed):
    steps = np.random.default_rng(seed).normal(size=(len(structure), 3))
    steps *= 1e-4 / np.linalg.norm(steps, axis=1, keepdims=True)
    moved = structure.frac_coords + structure.lattice.get_fractional_coords(steps)
    assert relative_change(structure, changed(structure, coordinates=moved), config) < 1e-4


@given(structures(), st.floats(0.8, 1.3))
@settings(max_examples=20, deadline=None)
def test_only_ratios_of_distances_count(structure, factor):
    swollen = changed(structure, matrix=structure.lattice.matrix * factor)
    fine = FeatureSettings("abx_cecece", 3, 1.0, 0.005, "open")
    assert relative_change(structure, swollen, fine) < 1e-10


def test_equal_cations_on_different_sites_stay_different_sites():
    spinel = PROTOTYPES["spinel"].structure({"A": "Y", "B": "Y", "X": "O"}, 9.0)
    features = featurize([spinel], WIDEST).reshape(3, 2, -1)
    assert features[0, 0] == pytest.approx(features[1, 0])  # the same centre element
    assert not np.allclose(features[0, 1], features[1, 1])  # 4 O + 12 Y, but 6 O + 6 Y


def test_a_role_on_several_orbits_gets_the_mean_weighted_by_multiplicity():
    # B on two orbits: 1 Ti between 6 O at 2.0 and, alone in its own layer, 1 Zr.
    perovskite = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, 4.0)
    doubled = perovskite * (2, 1, 1)
    second_b = [i for i, site in enumerate(doubled) if site.properties["role"] == "B"][1]
    doubled.replace(second_b, "Zr", properties={"role": "B"})
    column = TABLE.columns.index("atomic_number")
    config = FeatureSettings("b_ce", 1, 1.0, 0.01, "open")
    features = featurize([doubled], config).reshape(2, -1)
    assert features[:, column] == pytest.approx([(22 + 40) / 2, 8])


def test_the_exponent_by_hand():
    # A of SrTiO3, two shells, k = 2: 12 O at a/sqrt2 weigh 12 * 2, 8 Ti at a sqrt3/2 weigh 8 * 4/3.
    perovskite = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, 3.905)
    config = FeatureSettings("a_ce", 2, 2.0, 0.01, "open")
    centre, environment = featurize([perovskite], config).reshape(2, -1)[
        :, TABLE.columns.index("atomic_number")
    ]
    assert centre == 38
    assert environment == pytest.approx((24 * 8 + 32 / 3 * 22) / (24 + 32 / 3))


def test_no_structures_give_no_rows():
    assert featurize([], WIDEST).shape == (0, 6 * len(TABLE.columns))


def test_errors_name_the_structure():
    good = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, 4.0)
    bare = good.copy()
    bare.remove_site_property("role")
    with pytest.raises(UserError, match=r"structure 2 \(Sr1 Ti1 O3\): site 0 has no site property"):
        featurize([good, bare], WIDEST)
    unknown = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Es", "X": "O"}, 4.0)
    with pytest.raises(UserError, match=r"structure 2 .*site 1: element Es is not in .* open"):
        featurize([good, unknown], WIDEST)
    half = Structure(Lattice.cubic(4), ["Sr"], [[0, 0, 0]], site_properties={"role": ["A"]})
    with pytest.raises(UserError, match=r"structure 1 .*no site has role B"):
        featurize([half], WIDEST)
