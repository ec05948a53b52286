from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.catalogue import load
from cetransfer.datasets.chosen import load_source, load_target
from cetransfer.datasets.dataset import Dataset
from cetransfer.datasets.elements import ELEMENTS_73
from cetransfer.datasets.treatment import (
    on_true_sites,
    repaired,
    screened,
    treated,
    without,
)
from cetransfer.errors import UserError

SIX = {"YY2O4", "VV2O4", "TaTa2O4", "WW2O4", "YbYb2O4", "InIn2O4"}


def table(count=12, *, totals=True):
    """Return spinels whose energies are a term of A plus a term of B plus a little noise."""
    elements = ELEMENTS_73[:count]
    i, j = np.divmod(np.arange(count**2), count)
    random = np.random.default_rng(0)
    energy = -2.0 + 0.01 * i + 0.02 * j + 0.01 * random.normal(size=len(i))
    frame = pd.DataFrame({"A": np.array(elements)[i], "B": np.array(elements)[j], "X": "O"})
    frame.insert(0, "formula", frame["A"] + frame["B"] + "2O4")
    frame["formation_energy"] = energy
    if totals:
        frame["total_energy_per_atom"] = energy - 6 - i / 7 - 2 * j / 7
    return Dataset("toy", frame, "spinel", {})


def with_wrong_label(data, row, by):
    frame = data.frame.copy()
    frame.loc[row, "formation_energy"] += by
    return dataclasses.replace(data, frame=frame)


@pytest.fixture
def asked(compose):
    """Call with keys of `dataset` to get its settings."""
    return lambda *words, option="li2023": compose(f"dataset={option}", *words).dataset


def test_a_wrong_reference_is_recomputed_and_named_with_both_values():
    right = table()
    old = right.labels[17]
    data = repaired(with_wrong_label(right, 17, 5.0))
    assert data.labels == pytest.approx(right.labels, abs=1e-9)
    assert f"{data.frame['formula'][17]} {old + 5:+.4f} to {old:+.4f}" in data.notes[-1]
    assert "1 row recomputed" in data.notes[-1]


@pytest.mark.parametrize(("data", "note"), [(table(), "no row needs"), (table(totals=False), "no")])
def test_where_there_is_nothing_to_repair_the_note_says_so(data, note):
    same = repaired(data)
    assert same.frame.equals(data.frame)
    assert note in same.notes[-1]


def test_a_table_without_suspects_gets_no_note():
    data = screened(table(), exclude=True)
    assert data.frame.equals(table().frame)
    assert data.notes == ()


def test_rows_of_the_kinds_asked_for_are_left_out_by_name():
    data = without(with_wrong_label(table(), 17, 3.0), ["wrong_reference"], target=False)
    assert len(data.frame) == 143
    assert table().frame["formula"][17] in data.notes[-1]
    assert data.frame.index.tolist() == list(range(143))


def test_target_rows_left_out_are_told_to_have_been_chosen_by_their_labels():
    data = without(table(), ["equal_sites"], target=True)
    assert len(data.frame) == 144 - 12
    assert "looking at their labels" in data.notes[-1]
    assert "remaining rows only" in data.notes[-1]


def test_leaving_out_every_row_is_refused():
    frame = table().frame
    data = dataclasses.replace(
        table(), frame=frame[frame["A"] == frame["B"]].reset_index(drop=True)
    )
    with pytest.raises(UserError, match="leaves no row of toy"):
        without(data, ["equal_sites"], target=False)


def test_a_data_set_that_the_audit_cannot_read_is_left_alone():
    frame = pd.DataFrame({"formula": ["MgO", "CaO"], "A": ["Mg", "Ca"], "X": "O"})
    data = Dataset("salts", frame.assign(formation_energy=-3.0), "rocksalt", {})
    for treat in (repaired, lambda each: without(each, ["label_outlier"], target=False)):
        assert treat(data).frame.equals(data.frame)
        assert "nothing" in treat(data).notes[-1]


def test_an_unknown_kind_is_refused_with_those_there_are(asked, tmp_path):
    settings = asked("dataset.exclude=[label_outlyer]")
    with pytest.raises(UserError, match=r"did you mean label_outlier\? .*wrong_reference"):
        treated(table(), settings, tmp_path, suspects=False, target=False)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("emery2018", "did you mean emery2017"),
        ("li2023_perovskite", "no data set with perovskites on true sites"),
        ("surrogate_spinel", "choose from as_given, both, emery2017, surrogate_perovskite"),
    ],
)
@pytest.mark.usefixtures("mirror")
def test_a_site_order_that_says_nothing_of_the_target_is_refused(asked, tmp_path, name, message):
    with pytest.raises(UserError, match=message):
        load_target(asked(f"dataset.site_order={name}"), tmp_path)


@pytest.mark.usefixtures("mirror")
def test_a_target_on_true_sites_needs_no_other_table(asked, tmp_path):
    settings = asked("dataset.site_order=surrogate_perovskite", option="emery2017")
    with pytest.raises(UserError, match="emery2017 is on true sites already"):
        load_target(settings, tmp_path)


@pytest.mark.usefixtures("mirror")
def test_rows_whose_other_order_is_there_too_are_kept(tmp_path):
    truth = load("emery2017", root=tmp_path).frame
    pairs = truth[truth["A"] < truth["B"]].head(60)[["A", "B", "X", "formation_energy"]]
    wrong = pairs.rename(columns={"A": "B", "B": "A"})
    frame = pd.concat([pairs.head(30), wrong], ignore_index=True)
    frame.insert(0, "formula", frame["A"] + frame["B"] + "O3")
    data = on_true_sites(Dataset("mine", frame, "perovskite", {}), "emery2017", tmp_path)
    assert "kept, as the table has the other order too" in data.notes[-1]
    exchanged = (data.frame["A"] != frame["A"]).to_numpy()
    assert 0 < exchanged.sum() <= 30
    assert not exchanged[:30].any()


@pytest.fixture(scope="module")
def audited(mirror):
    path = mirror / "li2023" / "derived" / "spinel_5174_audited.csv"
    return pd.read_csv(path, keep_default_na=False).set_index("formula")


def test_by_default_the_seven_suspects_of_the_spinels_are_left_out(audited, asked, tmp_path):
    data = load_source(asked(), "li2023_spinel", tmp_path)
    assert set(audited.index) - set(data.frame["formula"]) == {*SIX, "EuNb2O4"}
    assert set(audited.index[audited["suspect"].astype(str) == "True"]) == SIX
    assert "7 suspect rows left out" in data.notes[0]
    assert "dataset.exclude_suspects=true" in data.notes[0]
    assert all(formula in data.notes[0] for formula in (*SIX, "EuNb2O4"))


def test_suspects_may_be_kept(audited, asked, tmp_path):
    data = load_source(asked("dataset.exclude_suspects=false"), "li2023_spinel", tmp_path)
    assert len(data.frame) == len(audited)
    assert "7 suspect rows kept" in data.notes[0]


def test_repaired_spinels_have_the_energies_of_the_audited_table(audited, asked, tmp_path):
    data = load_source(asked("dataset.repair=true"), "li2023_spinel", tmp_path)
    assert set(audited.index) - set(data.frame["formula"]) == {"EuNb2O4"}
    repaired_energies = audited["formation_energy_repaired_eV_per_atom"][data.frame["formula"]]
    assert data.labels == pytest.approx(repaired_energies.to_numpy(), abs=2e-6)
    assert "6 rows recomputed" in data.notes[0]
    assert "YY2O4 +4.9399 to -3.2583" in data.notes[0]
    assert "1 suspect row left out: formation energy out of line: EuNb2O4" in data.notes[1]


@pytest.mark.usefixtures("mirror")
def test_119_released_perovskites_are_put_on_the_sites_of_emery(asked, tmp_path):
    given = load_target(asked(), tmp_path).frame
    data = load_target(asked("dataset.site_order=emery2017"), tmp_path)
    exchanged = (given["A"] != data.frame["A"]).to_numpy()
    assert exchanged.sum() == 119
    assert "wolverton_oxides.csv" in data.hashes
    assert "A and B exchanged in 119 rows that fit emery2017 better" in data.notes[-1]
    row = data.frame.set_index("formula").loc["BeZnO3"]
    assert (row["A"], row["B"]) == ("Zn", "Be")
    assert given.drop(columns=["A", "B"]).equals(data.frame.drop(columns=["A", "B"]))


@pytest.mark.usefixtures("mirror")
def test_both_orders_leave_the_table_as_it_is(asked, tmp_path):
    given = load_target(asked(), tmp_path)
    both = load_target(asked("dataset.site_order=both"), tmp_path)
    assert both.frame.equals(given.frame)
    assert both.notes == given.notes
