from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cetransfer.settings import TrackingSettings
from cetransfer.tracking.store import open_store

KJ_PER_MOL = 96.48533212


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """One project for all: laying out the tracking store takes seconds."""
    root = tmp_path_factory.mktemp("audit") / "project"
    root.mkdir()
    (root / "dvc.yaml").touch()
    return root


@pytest.fixture
def audited(inside, project):
    """Call with a table and words to audit it as a CSV file; returns what is printed and found."""

    def audit(frame, *words, prototype="spinel", name="my table (1).csv"):
        frame.to_csv(project / name, index=False)
        keys = (f"prototype={prototype}", "sites_from=null", "quiet=true")
        done = inside("data", "audit", name, *keys, *words, cwd=project)
        assert done.returncode == 0, done.stderr
        folder = project / "outputs" / "audit" / name.removesuffix(".csv")
        document = json.loads((folder / "audit.json").read_text())
        return done.stdout, {finding["kind"]: finding for finding in document["findings"]}

    return audit


def rows(finding):
    return {row["row"] for row in finding["rows"]}


@pytest.mark.parametrize("totals", [True, False])
@pytest.mark.parametrize("prototype", ["spinel", "perovskite"])
def test_a_clean_table_gives_no_finding(audited, clean, prototype, totals):
    out, found = audited(clean(prototype, totals=totals), prototype=prototype)
    assert found == {}
    assert out.startswith("no findings")


def test_a_table_with_one_cation_site_is_audited_as_far_as_that_goes(audited):
    metals = ["Mg", "Ca", "Sr", "Ba", "Mn", "Fe", "Co", "Ni", "Zn", "Cd"]
    frame = pd.DataFrame({"formula": [f"{metal}O" for metal in metals]})
    frame["formation_energy"] = np.linspace(-3.2, -1.3, len(metals))
    frame.loc[2, "formation_energy"] = np.nan
    frame = pd.concat([frame, frame.iloc[5:6]], ignore_index=True)
    out, found = audited(frame, prototype="rocksalt")
    assert rows(found["not_a_number"]) == {3}
    assert rows(found["duplicate"]) == {6, 11}
    assert "only where there are two" in out


def test_a_shifted_element_is_found_and_named(audited, clean):
    frame = clean(totals=False)
    frame.loc[(frame["A"] == "Co") | (frame["B"] == "Co"), "formation_energy"] += 2.0
    out, found = audited(frame)
    assert found["shifted_element"]["evidence"]["element"] == "Co"
    assert "compounds of Co lie" in out


def test_swapped_site_columns_are_found(audited, clean):
    out, found = audited(clean().rename(columns={"A": "B", "B": "A"}))
    assert set(found) == {"swapped_columns"}
    assert "870 rows have A and B the other way round than their formula" in out


def test_swapped_energy_columns_are_found(audited, clean):
    frame = clean().rename(columns={"formation_energy": "t", "total_energy_per_atom": "f"})
    _, found = audited(frame, "columns.energy=f", "columns.total_energy=t")
    assert set(found) == {"swapped_columns"}


def test_kj_per_mol_for_ev_is_found_and_the_stated_unit_removes_it(audited, clean):
    frame = clean(totals=False)
    frame["formation_energy"] *= 7 * KJ_PER_MOL
    out, found = audited(frame)
    assert set(found) == {"suspicious_unit"}
    assert "the labels look like kJ/mol of formula units, not eV/atom" in out
    assert audited(frame, "unit=kJ/mol")[1] == {}


def test_repeated_rows_and_missing_labels_keep_the_row_numbers_of_the_file(audited, clean):
    frame = pd.concat([clean(), clean().iloc[[3, 50]]], ignore_index=True)
    frame = frame.astype({"formation_energy": object})
    frame.loc[[9, 20], "formation_energy"] = ["n/a", None]
    # an empty line counts as a row, but is none
    blank = pd.DataFrame([dict.fromkeys(frame.columns)])
    frame = pd.concat([frame.iloc[:100], blank, frame.iloc[100:]], ignore_index=True)
    out, found = audited(frame)
    assert set(found) == {"duplicate", "not_a_number"}
    assert rows(found["duplicate"]) == {4, 51, 902, 903}
    assert rows(found["not_a_number"]) == {10, 21}
    assert f"{frame['formula'][3]} (row 4: " in out


def test_ten_wrong_labels_are_found_and_no_other(audited, clean):
    frame = clean(totals=False)
    wrong = frame.sample(10, random_state=0).index
    frame.loc[wrong, "formation_energy"] += np.tile([1.2, -1.2], 5)
    _, found = audited(frame)
    assert set(found) == {"label_outlier"}
    assert rows(found["label_outlier"]) == set(wrong + 1)


def test_a_wrong_reference_is_found_from_total_energies(audited, clean):
    frame = clean()
    frame.loc[17, "formation_energy"] += 6.0
    _, found = audited(frame)
    assert rows(found["wrong_reference"]) == {18}


def test_rows_that_name_no_compound_are_listed_with_their_reasons(audited, clean):
    frame = clean()
    frame.loc[[1, 2], "formula"] = ["AcXx2O4", "AcAgO3"]
    frame.loc[5, "A"] = "Zr"
    out, found = audited(frame)
    assert set(found) == {"unusable_row"}
    assert rows(found["unusable_row"]) == {2, 3, 6}
    problems = {row["row"]: row["problem"] for row in found["unusable_row"]["rows"]}
    assert "'Xx' is no element" in problems[2]
    assert "not of the form AB2O4" in problems[3]
    assert "other elements than the formula" in problems[6]
    assert "AcXx2O4 (row 2)" in out


def test_columns_of_elements_may_take_the_place_of_formulas(audited, clean):
    frame = clean().drop(columns=["formula", "X"])
    frame.loc[0, "A"] = "Q"
    _, found = audited(frame, "columns.formula=null")
    assert rows(found["unusable_row"]) == {1}
    assert set(found) == {"unusable_row"}


def test_an_own_table_is_compared_with_another_and_logged(clean, project, inside):
    frame = clean("perovskite", totals=False)
    frame.to_csv(project / "one.csv", index=False)
    frame.assign(formation_energy=frame["formation_energy"] - 0.4).to_parquet(
        project / "two.parquet"
    )
    words = ("one.csv", "two.parquet", "prototype=perovskite", "sites_from=null", "quiet=true")
    done = inside("data", "audit", *words, cwd=project)
    assert "target minus source is -0.400" in done.stdout
    document = json.loads((project / "outputs/audit/one-two/audit.json").read_text())
    assert set(document["data_hashes"]) == {"one.csv", "two.parquet"}
    assert document["unit"] == "eV/atom"
    store = open_store(TrackingSettings(None, "cetransfer"), project)
    runs = store.client.search_runs([store.experiment_id])
    (run,) = [each for each in runs if each.data.params["target"] == "two.parquet"]
    assert run.data.params["prototype"] == "perovskite"
    assert run.data.tags["data.one.csv"] == document["data_hashes"]["one.csv"]
    assert "git.dirty" in run.data.tags


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "needs prototype=NAME"),
        (["prototype=rocksalt"], "no row can be read as rocksalt"),
        (["prototype=spinell"], "spinel"),
        (["prototype=spinel", "unit=eV"], "unit=eV is not known; choose from eV/atom"),
        (["prototype=spinel", "columns.energy=e"], "no column 'e'; columns: formula, A"),
        (["prototype=spinel", "columns.formula=f"], "set columns.formula=NAME"),
        (["prototype=spinel", "columns.energy=formula"], "holds no numbers"),
        (["prototype=perovskite"], "no row can be read as perovskite (row 1: "),
    ],
)
def test_what_cannot_be_audited_is_refused_in_one_line(inside, clean, tmp_path, words, message):
    clean().head(30).to_csv(tmp_path / "my.csv", index=False)
    done = inside("data", "audit", "my.csv", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["my.csv"]


def test_a_prototype_without_a_file_is_refused(inside, tmp_path):
    done = inside("data", "audit", "li2023_spinel", "prototype=spinel", cwd=tmp_path)
    assert done.returncode == 2
    assert "prototype=spinel has no meaning for li2023_spinel" in done.stderr
