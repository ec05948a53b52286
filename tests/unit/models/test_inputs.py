from __future__ import annotations

import pandas as pd
import pytest
from pymatgen.core import Lattice, Structure

from cetransfer.errors import UserError
from cetransfer.models.load import load
from cetransfer.structures.prototypes import PROTOTYPES


@pytest.fixture
def model(compared):
    return load(compared().result.models["fine_tune"])


def energies(model, *inputs):
    return model.predict(list(inputs))["formation_energy"].round(5).tolist()


def test_a_table_is_read_from_a_file_or_memory(model, tmp_path):
    formulas = ["LiBeO3", "ScMgO3"]
    expected = energies(model, *formulas)
    table = pd.DataFrame({"formula": formulas})
    table.to_csv(tmp_path / "my.csv", index=False)
    table.to_parquet(tmp_path / "my.parquet")
    table.to_excel(tmp_path / "my.xlsx", index=False)
    for given in (table, *(tmp_path / f"my{end}" for end in (".csv", ".parquet", ".xlsx"))):
        assert energies(model, given) == expected
        assert model.predict(given)["formula"].tolist() == formulas


def test_columns_of_elements_go_before_formulas(model):
    table = pd.DataFrame({"formula": ["BeLiO3"], "A": ["Li"], "B": ["Be"]})
    found = model.predict(table)
    assert found[["formula", "A", "B", "X"]].to_numpy().tolist() == [["BeLiO3", "Li", "Be", "O"]]
    assert energies(model, table) == energies(model, "LiBeO3")


def test_inputs_of_all_kinds_keep_their_order(model, cif):
    table = pd.DataFrame({"formula": ["LiBeO3"]})
    found = model.predict(["ScMgO3", cif("my_perovskite"), table, "MgO3Sc"])
    assert found["formula"].tolist() == ["ScMgO3", "SrTiO3", "LiBeO3", "MgO3Sc"]


def test_a_compound_in_any_order_of_writing_has_the_sites_as_written(model):
    found = model.predict(["MgScO3", "O3MgSc"])
    assert found[["A", "B"]].to_numpy().tolist() == [["Mg", "Sc"]] * 2


def cell(a, b, x="O", edge=3.9):
    return PROTOTYPES["perovskite"].structure({"A": a, "B": b, "X": x}, edge)


@pytest.mark.parametrize(("a", "b"), [("Ca", "Ti"), ("Ti", "Ca"), ("Mg", "Be")])
def test_in_a_crystal_the_distance_to_the_anion_tells_a_from_b(model, a, b):
    placed = cell(a, b)
    crystal = Structure(placed.lattice, placed.species, placed.frac_coords)
    found = model.predict(crystal)
    assert found[["formula", "A", "B"]].to_numpy().tolist() == [[f"{a}{b}O3", a, b]]


def test_at_equal_distances_the_less_electronegative_cation_comes_first(model):
    crystal = Structure(
        Lattice.cubic(4.0),
        ["Ti", "Sr", "O", "O", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.25, 0.25, 0.25], [0.75, 0.75, 0.25], [0.75, 0.25, 0.75]],
    )
    assert model.predict(crystal)["formula"].tolist() == ["SrTiO3"]


def test_an_element_that_no_labelled_row_has_on_that_site_is_flagged(model):
    assert model.predict(["BaHfO3"])["applicability"].tolist() == ["element_new"]
    assert model.predict(["LiBeO3"])["applicability"].tolist() == ["ok"]


def test_columns_of_sites_go_before_the_order_in_the_formula(model):
    table = pd.DataFrame({"formula": ["LiBeO3"], "A": ["Be"], "B": ["Li"]})
    exchanged = model.predict(["BeLiO3"]).drop(columns="formula")
    pd.testing.assert_frame_equal(model.predict(table).drop(columns="formula"), exchanged)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "there is nothing to predict"),
        (["Y2Ti2O7"], "Y2Ti2O7: it is not of the form ABO3 of prototype perovskite"),
        (["LiBeO3", "XxTiO3"], "1 of 2 cannot be predicted: XxTiO3: 'Xx' is no element"),
        (["no formula"], "no formula: it cannot be read"),
        (["LrTiO3"], "LrTiO3: element Lr has no properties in the table open"),
        (["/usr"], r"/usr is no formula and no file with the ending \.csv.*\.cif"),
        (["nowhere.csv"], "cannot read nowhere.csv"),
        (["nowhere.cif"], "nowhere.cif: it cannot be read"),
        ([pd.DataFrame({"x": [1]})], "the table has no column formula and no columns A, B"),
        ([pd.DataFrame({"formula": ["Li2O"]})], r"row 0 \(Li2O\): it is not of the form"),
        ([pd.DataFrame({"A": ["Qq"], "B": ["Ti"]})], "a site holds no element symbol"),
        (
            [pd.DataFrame({"formula": ["LiBeO3"], "A": ["Na"], "B": ["Be"]})],
            r"row 0 \(LiBeO3\): its columns of sites hold other elements than its formula",
        ),
    ],
)
def test_what_cannot_be_predicted_is_named(model, inputs, message):
    with pytest.raises(UserError, match=message):
        model.predict(inputs)


def test_at_most_five_bad_compounds_are_listed(model):
    with pytest.raises(UserError, match=r"8 of 8 cannot be predicted.*; and 3 more$"):
        model.predict(["Li2O"] * 8)


def test_a_crystal_of_another_form_is_named_by_its_file(model, cif):
    with pytest.raises(UserError, match=r"my_corundum\.cif: it is not of the form ABO3"):
        model.predict(cif("my_corundum"))


def test_profiles_know_only_the_elements_of_the_data(compared):
    model = load(compared().result.models["profile_kernel"])
    with pytest.raises(UserError, match="BaTiO3: element Ba stands in no row of the data"):
        model.predict("BaTiO3")
