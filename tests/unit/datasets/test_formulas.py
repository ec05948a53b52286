from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.datasets.dataset import ELEMENTS
from cetransfer.datasets.formulas import element_counts, elements_on_sites
from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES

element = st.sampled_from(sorted(ELEMENTS))


@pytest.mark.parametrize(
    ("formula", "prototype", "sites", "atoms"),
    [
        ("SrTiO3", "perovskite", "Sr Ti O", 5),
        ("YY2O4", "spinel", "Y Y O", 7),
        ("Al2MgO4", "spinel", "Mg Al O", 7),
        ("Mg2 Al4 O8", "spinel", "Mg Al O", 14),
        ("O3TiSr", "perovskite", "Ti Sr O", 5),
        ("MgO", "rocksalt", "Mg O", 2),
        ("Ti1 O2", "rutile", "Ti O", 3),
        ("Ca3Al2Si3O12", "garnet", "Ca Al Si O", 20),
        ("Ba2MgWO6", "double_perovskite", "Ba Mg W O", 10),
        ("La2CuO4", "k2nif4", "La Cu O", 7),
        ("CuLa2O4", "k2nif4", "La Cu O", 7),
    ],
)
def test_elements_find_their_sites(formula, prototype, sites, atoms):
    found, number = elements_on_sites(formula, PROTOTYPES[prototype])
    assert list(found.values()) == sites.split()
    assert number == atoms


@pytest.mark.parametrize("name", sorted(PROTOTYPES))
@given(chosen=st.lists(element, min_size=4, max_size=4))
def test_a_prototypes_own_formula_is_read_back(name, chosen):
    prototype = PROTOTYPES[name]
    elements = dict(zip(prototype.roles, chosen, strict=False))
    assert elements_on_sites(prototype.formula(elements), prototype)[0] == elements


@pytest.mark.parametrize(
    ("formula", "word"),
    [
        ("", "no formula"),
        (None, "no formula"),
        (12, "no formula"),
        ("XyO3", "'Xy' is no element"),
        ("D2O", "deuterium"),
        ("Mg0.5Ca0.5TiO3", "whole numbers"),
        ("Sr2+Ti4+O3", "oxidation states"),
        ("Ca(OH)2", "cannot be read"),
        ("srtio3", "cannot be read"),
        ("SrTi0O3", "number 0"),
    ],
)
def test_what_cannot_be_read_is_named(formula, word):
    with pytest.raises(UserError, match=word):
        element_counts(formula)


@pytest.mark.parametrize("formula", ["Y3O4", "MgO", "SrTiO3", "MgAlO4", "MgAl2O5", "MgAl2O4Ca"])
def test_another_form_is_refused(formula):
    with pytest.raises(UserError, match="form AB2O4 of prototype spinel"):
        elements_on_sites(formula, PROTOTYPES["spinel"])


@given(st.text(max_size=30))
def test_no_text_ends_in_anything_but_elements_or_a_message(text):
    try:
        found = element_counts(text)
    except UserError as error:
        found = str(error)
    assert found
