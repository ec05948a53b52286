from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.screening.own_list import read_list, sites_of_formula
from cetransfer.structures.prototypes import prototype_named


@pytest.fixture
def read(space_settings, tmp_path):
    """Call with a table, and overrides, to read it from a file."""

    def read(table, *words, ending="csv"):
        path = tmp_path / f"mine.{ending}"
        write = {"csv": "to_csv", "xlsx": "to_excel", "parquet": "to_parquet"}[ending]
        getattr(pd.DataFrame(table), write)(path, index=False)
        return read_list(space_settings("space=list", f"space.path={path}", *words))

    return read


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_formulas_and_energies_are_read_from_every_kind_of_table(read, ending):
    table = {"perovskites": ["SrTiO3", "YYO3"], "E": [-3.5, -2.0], "other": [1, 2]}
    words = ["space.columns.formula=perovskites", "space.columns.energy=E"]
    found = read(table, *words, ending=ending)
    assert found.frame.to_dict("list") == {
        "formula": ["SrTiO3", "YYO3"],
        "A": ["Sr", "Y"],
        "B": ["Ti", "Y"],
        "X": ["O", "O"],
        "formation_energy": [-3.5, -2.0],
    }
    assert len(found.hashes) == 1


def test_columns_of_sites_need_no_formula(read):
    found = read({"A": ["Sr"], "B": ["Ti"]})
    assert found.frame.to_dict("records") == [{"formula": "SrTiO3", "A": "Sr", "B": "Ti", "X": "O"}]


def test_two_elements_may_share_a_site(read):
    found = read({"A": ["Sr", "Ba"], "A2": ["La", ""], "B": ["Fe", "Fe"], "B2": ["Mo", "Mo"]})
    assert found.frame[["A", "A2", "B", "B2"]].to_numpy().tolist() == [
        ["Sr", "La", "Fe", "Mo"],
        ["Ba", "", "Fe", "Mo"],
    ]


@pytest.mark.parametrize(
    ("formula", "sites"),
    [
        ("SrTiO3", ("Sr", "", "Ti", "", "O")),
        ("Sr2Ti2O6", ("Sr", "", "Ti", "", "O")),
        ("Sr2FeMoO6", ("Sr", "", "Fe", "Mo", "O")),
        ("LaSrMn2O6", ("La", "Sr", "Mn", "", "O")),
        ("SrLaFeMoO6", ("Sr", "La", "Fe", "Mo", "O")),
        ("CsPbI3", ("Cs", "", "Pb", "", "I")),
    ],
)
def test_formulas_are_put_on_sites(formula, sites):
    found = sites_of_formula(formula, prototype_named("perovskite"))
    assert tuple(found[key] for key in ("A", "A2", "B", "B2", "X")) == sites


@pytest.mark.parametrize("formula", ["SrTiO4", "Sr2FeMo3O10", "Ba3NiNb2O9", "SrSrFeMoO6", ""])
def test_formulas_of_another_form_are_refused(formula):
    with pytest.raises(UserError):
        sites_of_formula(formula, prototype_named("perovskite"))


@pytest.mark.parametrize(
    ("table", "words", "message"),
    [
        ({"formula": ["SrTiO3", "BaTi"]}, [], r"row 2 \(BaTi\).*form ABO3"),
        ({"formula": ["SrTiO3", "SrTiO3"]}, [], r"row 2 .*repeats an earlier row"),
        ({"name": ["SrTiO3"]}, [], r"no column 'formula'.*space\.columns\.formula"),
        (
            {"formula": ["SrTiO3", "BaTiO3"], "E": ["-3", "x"]},
            ["space.columns.energy=E"],
            r"row 2 \(BaTiO3\): column E holds no finite number",
        ),
        (
            {"formula": ["SrTiO3"], "E": [-340.0]},
            ["space.columns.energy=E"],
            "beyond 20 eV/atom",
        ),
        ({"A": ["Sr"], "B": ["Tx"]}, [], "no element symbol"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(read, table, words, message):
    with pytest.raises(UserError, match=message):
        read(table, *words)


def test_a_list_needs_a_file(space_settings):
    with pytest.raises(UserError, match=r"give space\.path=my\.csv"):
        read_list(space_settings("space=list"))
