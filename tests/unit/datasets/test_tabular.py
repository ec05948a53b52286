from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.tabular import load_tabular
from cetransfer.datasets.units import KJ_PER_MOL
from cetransfer.errors import UserError
from cetransfer.features.grid import featurize_grid
from cetransfer.settings import FeatureSettings, NamedData, TableColumns
from cetransfer.structures.prototypes import PROTOTYPES


@pytest.fixture
def load(tmp_path):
    """Call with the text of a CSV file and what differs from the defaults of the YAML file."""

    def loaded(text, **changes):
        path = tmp_path / "my.csv"
        path.write_text(text)
        chosen = {
            "path": str(path),
            "prototype": "perovskite",
            "unit": "eV/atom",
            "columns": TableColumns("formula", "energy"),
            "on_bad_rows": "refuse",
        }
        return load_tabular(
            NamedData("tabular", **{**chosen, **changes}), "dataset.target", tmp_path
        )

    return loaded


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("eV/atom", 1.0),
        ("eV/formula unit", 1 / 5),
        ("eV/formula_unit", 1 / 5),
        ("kJ/mol", 1 / 5 / KJ_PER_MOL),
    ],
)
def test_units_become_ev_per_atom(load, unit, factor):
    data = load("formula,energy\nSrTiO3,-3.5\n", unit=unit)
    assert data.frame["formation_energy"].tolist() == pytest.approx([-3.5 * factor])


def test_kj_per_mol_of_strontium_titanate():
    # -1672 kJ/mol from the elements = -17.33 eV per formula unit = -3.466 eV/atom
    per_atom = -1672 / KJ_PER_MOL / 5
    assert per_atom == pytest.approx(-3.466, abs=1e-3)


def test_energies_belong_to_the_formula_as_written(load):
    data = load("formula,energy\nSr2Ti2O6,-35\n", unit="eV/formula unit")
    assert data.frame["formation_energy"].tolist() == pytest.approx([-3.5])
    assert data.frame["formula"].tolist() == ["Sr2Ti2O6"]


def test_sites_may_stand_in_columns(load):
    data = load("A,B,energy\nSr,Ti,-3.5\nY,Y,-2\n", columns=TableColumns(None, "energy"))
    assert data.frame["formula"].tolist() == ["SrTiO3", "YYO3"]
    sulfide = load("A,X,e\nMg,S,-1\n", columns=TableColumns(None, "e"), prototype="rocksalt")
    assert list(sulfide.frame.columns) == ["formula", "A", "X", "formation_energy", "row"]
    assert sulfide.frame["formula"].tolist() == ["MgS"]


@pytest.mark.parametrize("unit", ["GPa", "K", "1", "J/m2", "eV"])
def test_any_other_quantity_is_taken_as_it_is(load, unit):
    named = {"quantity": "energy_of_a_surface"} if unit in {"J/m2", "eV"} else {}
    data = load("formula,energy\nSrTiO3,183.5\nBaTiO3,-2e6\n", unit=unit, **named)
    assert data.quantity == named.get("quantity", "energy")
    assert data.unit == unit
    assert data.labels.tolist() == [183.5, -2e6]
    assert data.quantity in data.notes[0]


def test_groups_are_kept_as_text_and_counted(load):
    columns = TableColumns("formula", "energy", group="batch")
    text = "formula,energy,batch\nSrTiO3,-3,1\nBaTiO3,-3, one\nCaTiO3,-3,\n"
    with pytest.raises(UserError, match=r"row 3 \(CaTiO3\): column batch is empty"):
        load(text, columns=columns)
    data = load(text, columns=columns, on_bad_rows="drop")
    assert data.frame["group"].tolist() == ["1", "one"]
    assert "2 groups in column batch" in data.notes[1]
    assert data.frame["row"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("formula", "word"),
    [
        ("XyTiO3", "'Xy' is no element"),
        ("DTiO3", "D is deuterium, an isotope; write H"),
        ("Sr0.5Ba0.5TiO3", "only fully occupied sites"),
        ("Sr2+Ti4+O3", "oxidation states are no part"),
        ("Sr(TiO3)", "it cannot be read"),
        ("SrTi2O4", "not of the form ABO3"),
        ("Y2O3", "write an element on two sites twice, like YYO3"),
        ("", "there is no formula"),
    ],
)
def test_formulas_that_cannot_be_used_are_named_with_file_and_row(load, formula, word):
    with pytest.raises(UserError) as caught:
        load(f"formula,energy\nSrTiO3,-3.5\n{formula},-3\n")
    for part in ("my.csv", f"row 2 ({formula})", word, "dataset.target.on_bad_rows=drop"):
        assert part in str(caught.value)


BAD = """formula,energy
SrTiO3,-3.5
XyTiO3,-3
BaTiO3,much
CaTiO3,nan
MgTiO3,-337.0
PbTiO3,-2
PbTiO3,-2.5
ZnTiO3,-2
ZnTiO3,-2
"""


def test_rows_that_cannot_be_used_are_named_with_their_numbers(load):
    with pytest.raises(UserError) as caught:
        load(BAD)
    message = str(caught.value)
    for part in (
        *("my.csv", "7 of 9 rows", "row 2 (XyTiO3): 'Xy' is no element"),
        *("row 3 (BaTiO3): the energy is no finite number", "row 5 (MgTiO3): the energy is beyond"),
        *("row 6 (PbTiO3): the compound has two energies", "and 2 more"),
        "dataset.target.on_bad_rows=drop",
    ):
        assert part in message


def test_good_rows_are_used_if_the_user_says_so_and_the_count_is_noted(load):
    data = load(BAD, on_bad_rows="drop")
    assert data.frame["formula"].tolist() == ["SrTiO3", "ZnTiO3"]
    assert list(data.frame.index) == [0, 1]
    assert "7 of 9 rows cannot be used" in data.notes[-1]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"path": None}, r"dataset.target.path has no value; give dataset.target.path=\.\.\."),
        ({"prototype": None}, "dataset.target.prototype has no value"),
        ({"prototype": "garnit"}, "no prototype 'garnit'"),
        ({"unit": None}, "dataset.target.unit has no value"),
        ({"unit": "eV"}, "allowed: eV/atom, eV/formula unit, eV/cell, kJ/mol"),
        ({"unit": "ev/atom"}, r"unit=ev/atom is no unit .* did you mean eV/atom\?"),
        ({"unit": "eV/atoms"}, r"did you mean eV/atom\?"),
        ({"unit": "kJ/mole"}, r"did you mean kJ/mol\?"),
        ({"unit": "meV/atom"}, r"did you mean eV/atom\? allowed: eV/atom"),
        ({"unit": "J/g"}, "is no unit of a formation energy"),
        ({"unit": "eV/cell"}, "needs structures .* dataset.target.columns.structure=NAME"),
        ({"unit": "GPa", "quantity": "formation_energy"}, "GPa is no unit of a formation energy"),
        ({"unit": "GPa", "quantity": "fold"}, "'fold', which means something else"),
        ({"unit": "", "quantity": "modulus"}, r"for a plain number give dataset.target.unit=1"),
        ({"structures": "cifs"}, "needs the column .* dataset.target.columns.structure=NAME"),
        ({"columns": TableColumns("formula", "energy", "file")}, "no column 'file'"),
        ({"columns": TableColumns("formula", "energy", None, "fold")}, "no column 'fold'"),
        ({"on_bad_rows": "keep"}, "allowed: refuse, drop"),
        ({"columns": TableColumns("name", "energy")}, r"'name'; columns: formula, energy; set"),
        ({"columns": TableColumns("formula", "e")}, r"set dataset.target.columns.energy=NAME"),
        ({"columns": TableColumns("energy", "formula")}, r"'formula' holds no numbers"),
        ({"columns": TableColumns(None, "energy")}, "no column 'A'"),
        ({"prototype": "spinel", "on_bad_rows": "drop"}, "No row is left"),
    ],
)
def test_mistakes_in_the_configuration_are_named(load, changes, word):
    with pytest.raises(UserError, match=word):
        load("formula,energy\nSrTiO3,-3.5\n", **changes)


def test_the_dataset_says_where_it_comes_from(load, tmp_path):
    data = load("formula,energy\nSrTiO3,-3.5\n")
    assert data.name == "my"
    assert list(data.hashes) == [str(tmp_path / "my.csv")]
    assert "eV/atom" in data.notes[0]


def test_a_hundred_thousand_rows_are_read_and_featurised(load):
    generator = np.random.default_rng(0)

    symbols = ["Li", "Be", "Na", "Mg", "Al", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn"]
    symbols += ["Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Rb", "Sr", "Y", "Zr", "Nb"]
    symbols += ["Mo", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Cs", "Ba", "La", "Hf", "Ta", "W"]
    symbols += ["Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Ce", "Pr", "Nd", "Sm", "Eu"]
    compounds = [(a, b, c) for a in symbols for b in symbols for c in symbols][:100_000]
    energies = generator.normal(-2, 1, len(compounds))
    frame = pd.DataFrame(
        {"formula": [f"{a}2{b}{c}O6" for a, b, c in compounds], "energy": energies}
    )
    data = load(frame.to_csv(index=False), prototype="double_perovskite")
    features = featurize_grid(
        PROTOTYPES[data.prototype], data.frame, FeatureSettings("ab_ab", 2, 1.0, 0.01, "open")
    )
    assert len(features) == 100_000
