from __future__ import annotations

import csv
import hashlib
from importlib.resources import files

import numpy as np
import pytest

from cetransfer.errors import UserError
from cetransfer.features.tables import TABLES, load_table

DATA = files("cetransfer.features") / "data"


def value(table, element, column):
    return table.values[table.elements.index(element), table.columns.index(column)]


def rows_of(name):
    return list(csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_complete_and_hashed(name):
    table = load_table(name)
    assert table.values.shape == (len(table.elements), len(table.columns))
    assert np.isfinite(table.values).all()
    assert (table.values.std(axis=0) > 0).all()
    assert table.sha256 == hashlib.sha256((DATA / f"{name}.csv").read_bytes()).hexdigest()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_has_a_source(name):
    described = rows_of(f"{name}_columns.csv")
    assert tuple(row["column"] for row in described) == load_table(name).columns
    assert all(row["source"] for row in described)


def test_the_open_table_reaches_from_hydrogen_to_plutonium():
    table = load_table("open")
    assert value(table, "H", "atomic_number") == 1
    assert table.elements[-1] == "Pu"
    assert table.values[:, table.columns.index("atomic_number")].tolist() == list(range(1, 95))


def test_open_values_known_by_heart():
    table = load_table("open")
    assert value(table, "Fe", "en_pauling") == 1.83
    assert value(table, "Fe", "group") == 8
    assert [value(table, "Fe", f"valence_{o}") for o in "spdf"] == [2, 0, 6, 0]
    assert [value(table, "Fe", f"unfilled_{o}") for o in "spdf"] == [0, 0, 4, 0]
    assert value(table, "W", "melting_point") == pytest.approx(3695, abs=5)
    assert value(table, "H", "ionization_energy_1") == pytest.approx(13.598, abs=1e-3)
    assert value(table, "Cl", "electron_affinity") == pytest.approx(3.613, abs=1e-3)
    assert value(table, "Na", "is_alkali") == 1
    assert [value(table, "U", f"block_{o}") for o in "spdf"] == [0, 0, 0, 1]


def test_imputed_values_are_listed_and_stand_in_the_table():
    table = load_table("open")
    listed = rows_of("open_imputed.csv")
    assert table.imputed == tuple((row["element"], row["column"]) for row in listed)
    assert len(set(table.imputed)) == len(listed) > 0
    for row in listed:
        assert value(table, row["element"], row["column"]) == float(row["value"])


def test_the_li2023_table_is_the_one_behind_the_release(mirror):
    derived = mirror / "li2023" / "derived" / "element_properties_74x56.csv"
    assert (DATA / "li2023.csv").read_bytes() == derived.read_bytes()


def test_an_unknown_element_names_owner_element_and_another_table():
    with pytest.raises(UserError, match=r"row 7: element Po .*li2023.*use features\.table=open"):
        load_table("li2023").positions(["O", "Po"], lambda number: f"row {number + 6}")
    with pytest.raises(UserError, match=r"element Xx is not in .*elements\); leave the row out"):
        load_table("open").positions(["Xx"], str)


def test_an_unknown_table_is_refused():
    with pytest.raises(UserError, match=r"features\.table=magpie is unknown; allowed: open"):
        load_table("magpie")
