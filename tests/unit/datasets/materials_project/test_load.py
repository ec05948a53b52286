from __future__ import annotations

import pytest

from cetransfer.datasets.chosen import load_target
from cetransfer.datasets.materials_project.load import load_materials_project
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.settings import MaterialsProjectQuery, NamedData


@pytest.fixture
def load(tmp_path):
    """Call with a prototype and changed keys."""

    def load_it(prototype="perovskite", chemsys=None, space_group="prototype", on_bad="refuse"):
        query = MaterialsProjectQuery(chemsys, space_group)
        chosen = NamedData(
            "materials_project", prototype=prototype, query=query, on_bad_rows=on_bad
        )
        return load_materials_project(chosen, "dataset.target", tmp_path)

    return load_it


def test_entries_become_rows_on_sites(materials_project, load):
    materials_project.add("mp-3", "MgFe2O4", 227, -2.41, 0.01)
    materials_project.add("mp-1", "MgAl2O4", 227, -2.9)
    materials_project.add("mp-2", "NiMn2O4", 227, -1.9)
    data = load("spinel")
    # the Materials Project writes Mg(FeO2)2 and Mn2NiO4
    assert {"Mg(FeO2)2", "Mn2NiO4"} < set(data.frame["formula_pretty"])
    assert data.frame["formula"].tolist() == ["MgAl2O4", "MgFe2O4", "NiMn2O4"]
    assert data.frame[["A", "B", "X"]].to_numpy().tolist() == [
        ["Mg", "Al", "O"],
        ["Mg", "Fe", "O"],
        ["Ni", "Mn", "O"],
    ]
    assert data.labels.tolist() == [-2.9, -2.41, -1.9]
    assert data.frame["material_id"].tolist() == ["mp-1", "mp-3", "mp-2"]
    assert data.frame["energy_above_hull"].tolist() == [0.0, 0.01, 0.0]
    assert data.frame["space_group"].tolist() == [227] * 3
    assert data.rests_on == ("Materials Project",)
    assert not any("order of electronegativity" in note for note in data.notes)


def test_the_prototype_may_be_the_users_own(materials_project, load, cif):
    path = cif("my_ilmenite")
    materials_project.add("mp-1", "FeTiO3", 148, -2.8)
    materials_project.add("mp-2", "SrTiO3", 221, -3.6)
    data = load(str(path))
    assert data.frame["formula"].tolist() == ["TiFeO3"]
    assert data.prototype == str(path)
    assert data.hashes[str(path)] == sha256(path)


def test_of_polymorphs_the_lowest_is_kept_and_the_others_counted(materials_project, load):
    materials_project.add("mp-1", "BaTiO3", 221, -3.4, 0.1)
    materials_project.add("mp-2", "BaTiO3", 99, -3.5, 0.0)
    materials_project.add("mp-3", "BaTiO3", 38, None, 0.0)
    materials_project.add("mp-4", "SrTiO3", 221, -3.6, None)
    data = load(space_group="any", on_bad="drop")
    assert data.frame["material_id"].tolist() == ["mp-2", "mp-4"]
    said = " ".join(data.notes)
    assert "left out: 1 entry, another of the same composition being lower" in said
    assert "1 of 4 entries cannot be used: mp-3 (BaTiO3): it has no formation energy" in said
    assert "order of electronegativity" in said


def test_what_cannot_be_used_is_refused_with_its_material(materials_project, load):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    for number in range(7):
        materials_project.add(f"mp-{number + 2}", "BaTiO3", 221, None)
    with pytest.raises(UserError, match=r"7 of 8 entries .*mp-2 \(BaTiO3\).*and 2 more") as caught:
        load()
    assert "Leave them out with dataset.target.on_bad_rows=drop" in str(caught.value)
    assert len(load(on_bad="drop").frame) == 1


def test_a_formula_that_does_not_fit_is_named(materials_project, load):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    materials_project.add("mp-2", "BaTiO3", 221, -3.4, formula_pretty="Ba2TiO4")
    materials_project.add("mp-3", "BaTiO3", 221, -3.4, formula_pretty="Ba(TiO3")
    materials_project.add("mp-4", "BaTiO3", 221, -3.4, formula_pretty="BaXxO3")
    said = " ".join(load(on_bad="drop").notes)
    assert "mp-2 (Ba2TiO4): it is not of the form ABO3 of prototype perovskite" in said
    assert "mp-3 (Ba(TiO3): the formula cannot be read" in said
    assert "mp-4 (BaXxO3): 'Xx' is no element" in said


def test_nothing_usable_is_an_error(materials_project, load):
    materials_project.add("mp-1", "SrTiO3", 221, None)
    with pytest.raises(UserError, match="None is left; ask for others"):
        load(on_bad="drop")


def test_the_frozen_answer_is_used_without_server_and_key(
    materials_project, load, tmp_path, monkeypatch
):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    first = load()
    (path,) = (tmp_path / "data").iterdir()
    assert first.hashes == {path.name: sha256(path)}
    assert f"database {materials_project.VERSION} of 2" in first.notes[0]
    assert materials_project.endpoint in first.notes[1]
    asked = len(materials_project.asked)
    monkeypatch.delenv("MP_API_KEY")
    monkeypatch.setenv("MP_API_ENDPOINT", "http://127.0.0.1:9")
    again = load()
    assert again.notes == first.notes
    assert again.hashes == first.hashes
    assert again.frame.equals(first.frame)
    assert len(materials_project.asked) == asked
    with pytest.raises(UserError, match="MP_API_KEY"):
        load(space_group="any")


def test_a_refused_key_leaves_nothing_behind(materials_project, load, tmp_path, monkeypatch):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    monkeypatch.setenv("MP_API_KEY", "w" * 32)
    with pytest.raises(UserError, match="refused the key"):
        load()
    assert not list(tmp_path.iterdir())


def test_the_key_is_in_no_file(materials_project, load, tmp_path):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5)
    load()
    for path in tmp_path.rglob("*.parquet"):
        assert materials_project.KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, r"dataset\.target\.prototype has no value"),
        ({"prototype": "perovskite"}, r"dataset\.target\.query has no value"),
        (
            {"prototype": "perovskit", "query": MaterialsProjectQuery(None, "any")},
            "no prototype 'perovskit'",
        ),
        (
            {"prototype": "spinel", "query": MaterialsProjectQuery(None, "a"), "on_bad_rows": "no"},
            "on_bad_rows=no is unknown; allowed: refuse, drop",
        ),
        ({"unit": "eV/atom"}, r"dataset\.target\.unit has no meaning for materials_project"),
    ],
)
def test_keys_are_checked_before_anything_is_asked(settings, tmp_path, keys, message):
    settings.dataset.target = NamedData("materials_project", **{"on_bad_rows": "drop", **keys})
    with pytest.raises(UserError, match=message):
        load_target(settings.dataset, tmp_path)
