from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pymatgen.io.cif import CifWriter
from pymatgen.io.vasp.inputs import Poscar
from scipy.spatial.transform import Rotation

from cetransfer.datasets import structure_table
from cetransfer.datasets.roles import wanted_by_formula
from cetransfer.datasets.structure_table import read_structures
from cetransfer.datasets.tabular import load_tabular
from cetransfer.errors import UserError
from cetransfer.features.environment import featurize
from cetransfer.features.grid import featurize_grid
from cetransfer.features.tables import load_table
from cetransfer.settings import FeatureSettings, NamedData, TableColumns
from cetransfer.structures.prototypes import PROTOTYPES

WIDEST = FeatureSettings("abx_cecece", 2, 1.0, 0.01, "open")


def cell(a, b, name="perovskite", size=3.9):
    return PROTOTYPES[name].structure({"A": a, "B": b, "X": "O"}, size)


def cif(structure, **options):
    bare = structure.copy()
    if "role" in bare.site_properties:
        bare.remove_site_property("role")
    return str(CifWriter(bare, significant_figures=12, **options))


@pytest.fixture
def load(tmp_path):
    """Call with the columns of a table, and what differs from the defaults of the YAML file."""

    def loaded(columns, **changes):
        path = tmp_path / "my.csv"
        pd.DataFrame({"energy": -3.0, **columns}).to_csv(path, index=False)
        formula = "formula" if "formula" in columns else None
        group = "group" if "group" in columns else None
        chosen = {
            "path": str(path),
            "unit": "eV/atom",
            "columns": TableColumns(formula, "energy", "structure", group),
            "on_bad_rows": "refuse",
        }
        return load_tabular(
            NamedData("tabular", **{**chosen, **changes}), "dataset.target", tmp_path
        )

    return loaded


def test_text_and_files_of_every_format_give_the_same_structures(load, tmp_path):
    structure = cell("Sr", "Ti")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.cif").write_text(cif(structure))
    (tmp_path / "two.cif").write_text(cif(structure))
    (tmp_path / "POSCAR").write_text(str(Poscar(structure)))
    (tmp_path / "three.json").write_text(json.dumps(structure.as_dict()))
    texts = [cif(structure), str(Poscar(structure)), json.dumps(structure.as_dict())]
    files = ["sub/one.cif", str(tmp_path / "two.cif"), "two", "POSCAR", "three.json", "three"]
    for value in texts + files:
        data = load({"formula": ["SrTiO3"], "structure": [value]})
        assert data.prototype is None
        assert data.frame[["A", "B", "X"]].to_numpy().tolist() == [["Sr", "Ti", "O"]]
        expected = featurize([structure], WIDEST)
        assert featurize(data.structures, WIDEST) == pytest.approx(expected, rel=1e-9)


def test_names_may_stand_in_a_folder_of_their_own(load, tmp_path):
    (tmp_path / "cifs").mkdir()
    (tmp_path / "cifs" / "7.cif").write_text(cif(cell("Sr", "Ti")))
    columns = {"formula": ["SrTiO3"], "structure": [7]}
    assert len(load(columns, structures=str(tmp_path / "cifs")).structures) == 1
    with pytest.raises(UserError, match=r"row 1 \(SrTiO3\): structure 7: no file .*structures="):
        load(columns)
    with pytest.raises(UserError, match=r"dataset\.target\.structures=nowhere is no folder"):
        load(columns, structures="nowhere")


def test_features_are_those_of_the_grid_for_ideal_cells(load):
    pairs = [("Sr", "Ti"), ("Y", "Y"), ("Ti", "Sr")]
    texts = [cif(cell(a, b), symprec=0.01) for a, b in pairs]
    formulas = [f"{a}{b}O3" for a, b in pairs]
    data = load({"formula": formulas, "structure": texts}, prototype="perovskite")
    expected = featurize_grid(PROTOTYPES["perovskite"], data.frame, WIDEST)
    assert featurize(data.structures, WIDEST) == pytest.approx(expected, rel=1e-6)


def test_equal_cations_keep_their_own_environments(load):
    text = cif(cell("Y", "Y", "spinel", 9.0), symprec=0.01)
    by_formula = load({"formula": ["YY2O4"], "structure": [text]})
    by_prototype = load({"formula": ["YY2O4"], "structure": [text]}, prototype="spinel")
    assert by_formula.structures.digest == by_prototype.structures.digest
    blocks = featurize(by_formula.structures, WIDEST).reshape(3, 2, -1)
    assert blocks[0, 0] == pytest.approx(blocks[1, 0])
    assert not np.allclose(blocks[0, 1], blocks[1, 1])


def change(structure, how):
    """Return the same crystal in another form, or shaken by 1e-4 angstrom."""
    generator = np.random.default_rng(1)
    other = structure.copy()
    if how == "rotation":
        turn = Rotation.random(rng=generator).as_matrix()
        other = type(other)(
            other.lattice.matrix @ turn,
            other.species,
            other.frac_coords,
        )
    elif how == "translation":
        other.translate_sites(range(len(other)), generator.random(3))
    elif how == "supercell":
        other = other * [[1, 1, 0], [-1, 1, 0], [0, 0, 2]]
    elif how == "order":
        other = type(other).from_sites([other[i] for i in generator.permutation(len(other))])
    else:
        other.perturb(1e-4, seed=1)
    return other


@pytest.mark.parametrize("how", ["rotation", "translation", "supercell", "order", "shake"])
@pytest.mark.parametrize(("a", "b"), [("Mg", "Al"), ("Y", "Y")])
@pytest.mark.parametrize(
    "write", [cif, lambda one: str(Poscar(one)), lambda one: one.to(fmt="json")]
)
def test_the_form_of_a_crystal_changes_its_features_by_less_than_1e_4(load, how, a, b, write):
    structure = cell(a, b, "spinel", 8.4)
    plain = structure.copy()
    plain.remove_site_property("role")
    other = change(plain, how)
    formula = f"{a}{b}2O4"
    table = load_table("open")
    data = [load({"formula": [formula], "structure": [write(one)]}) for one in (plain, other)]
    one, moved = (featurize(each.structures, WIDEST) for each in data)
    rows = table.positions([a, b, "O"], str)
    largest = np.abs(table.values[rows]).max(axis=0)  # noqa: PD011 - no pandas here
    scale = np.maximum(np.tile(largest, 6), 1e-12)
    assert np.max(np.abs(one - moved) / scale) < 1e-4


def test_polymorphs_are_kept_and_copies_refused(load):
    texts = [cif(cell("Sr", "Ti")), cif(cell("Sr", "Ti", size=4.1)), cif(cell("Sr", "Ti"))]
    formulas = ["SrTiO3"] * 3
    data = load({"formula": formulas[:2], "structure": texts[:2]})
    assert len(data.frame) == 2
    assert "1 formulas have several" in data.notes[1]
    with pytest.raises(UserError, match=r"row 3 \(SrTiO3\): the row repeats an earlier one"):
        load({"formula": formulas, "structure": texts})
    with pytest.raises(UserError, match=r"row 1 .*the structure has two energies; keep one"):
        load({"formula": formulas, "structure": texts, "energy": [-3, -3, -2]})


@pytest.mark.parametrize(
    ("unit", "label"), [("eV/atom", -30), ("eV/cell", -3), ("eV/formula unit", -6)]
)
def test_an_energy_per_cell_is_divided_by_its_sites(load, unit, label):
    ten = cell("Sr", "Ti") * (2, 1, 1)
    columns = {"structure": [cif(ten)], "energy": [-30.0]}
    named = {} if unit != "eV/atom" else {"quantity": "per_atom"}
    for more in ({"formula": ["SrTiO3"]}, {}):
        data = load({**more, **columns}, unit=unit, **named)
        assert data.labels.tolist() == pytest.approx([label])


def test_without_formulas_the_order_is_said_to_be_no_assignment(load):
    data = load({"structure": [cif(cell("Ti", "Sr")), cif(cell("Ba", "Zr"))]})
    assert data.frame["formula"].tolist() == ["SrTiO3", "BaZrO3"]
    assert "an order, no site assignment" in " ".join(data.notes)


def test_structures_of_several_forms_stand_in_one_table(load):
    rocksalt = PROTOTYPES["rocksalt"].structure({"A": "Mg", "X": "O"}, 4.2)
    texts = [cif(rocksalt), cif(cell("Sr", "Ti"))]
    data = load({"formula": ["MgO", "SrTiO3"], "structure": texts, "group": ["x", "y"]})
    assert data.frame["B"].tolist() == ["", "Ti"]
    assert data.frame["group"].tolist() == ["x", "y"]
    with pytest.raises(UserError, match=r"structure 1 .*no site has role B"):
        featurize(data.structures, WIDEST)


def test_an_unusual_last_element_is_noted(load):
    data = load({"formula": ["O3SrTi"], "structure": [cif(cell("Sr", "Ti"))]})
    assert "in 1 formulas the last element, taken as X, is not the most" in " ".join(data.notes)


BROKEN = {
    "broken": ("data_x\n_cell_length_a 4\n", "no readable CIF"),
    "empty": ("", "it is empty"),
    "other": (cif(cell("Ba", "Ti")), "the structure holds BaTiO3, not the formula's"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_files_that_cannot_be_used_are_named_with_row_and_remedy(load, tmp_path, name):
    content, word = BROKEN[name]
    (tmp_path / f"{name}.cif").write_text(content)
    (tmp_path / "good.cif").write_text(cif(cell("Sr", "Ti")))
    columns = {"formula": ["SrTiO3", "SrTiO3"], "structure": ["good", f"{name}.cif"]}
    with pytest.raises(UserError) as caught:
        load(columns)
    for part in ("my.csv: 1 of 2", f"row 2 (SrTiO3): structure {name}.cif: ", word, "on_bad_rows"):
        assert part in str(caught.value)
    data = load(columns, on_bad_rows="drop")
    assert len(data.frame) == len(data.structures) == 1
    assert "left out (on_bad_rows=drop): 1 of 2 rows" in data.notes[-1]


def test_parts_are_read_once_and_again_only_where_something_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(structure_table, "PART", 2)
    texts = [cif(cell("Sr", "Ti", size=3.8 + i / 10)) for i in range(6)]
    wanted = [wanted_by_formula("SrTiO3")[0]] * 6
    cache = tmp_path / "cache"
    first = read_structures(texts, wanted, tmp_path, cache)
    files = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert len(files) == 3
    texts[0] = cif(cell("Sr", "Ti", size=5.0))
    second = read_structures(texts, wanted, tmp_path, cache)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert len(list(cache.iterdir())) == 4
    assert second.structures[1:].digest == first.structures[1:].digest
    assert second.sha256 != first.sha256
    for path in cache.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert read_structures(texts, wanted, tmp_path, cache).structures.digest == (
        second.structures.digest
    )
