from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.dataset import ELEMENTS, Dataset, check
from cetransfer.errors import UserError


def frame(**changes):
    columns = {
        "formula": ["SrTiO3", "BaTiO3", "CaTiO3"],
        "A": ["Sr", "Ba", "Ca"],
        "B": ["Ti", "Ti", "Ti"],
        "X": ["O", "O", "O"],
        "formation_energy": [-3.5, -3.4, -3.3],
    }
    return pd.DataFrame(columns | changes)


def test_a_good_table_passes():
    dataset = Dataset("demo", frame(), "perovskite", {"demo.csv": "0" * 64})
    assert dataset.notes == ()


def test_a_data_set_is_checked_when_it_is_made():
    with pytest.raises(UserError, match="demo"):
        Dataset("demo", frame(A=["Sr", "Ba", "Xx"]), "perovskite", {})


def test_all_118_elements_are_known():
    assert len(ELEMENTS) == 118


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None, "n/a"])
def test_an_energy_that_is_no_number_names_its_row(value):
    bad = frame(formation_energy=pd.Series([-3.5, value, -3.3], dtype=object))
    with pytest.raises(UserError, match=r"demo: formation_energy is not .* in row 2 \(BaTiO3\)"):
        check(bad, "demo")


def test_a_pair_that_occurs_twice_names_its_rows():
    bad = frame(formula=["SrTiO3", "BaTiO3", "TiSrO3"], A=["Sr", "Ba", "Sr"])
    with pytest.raises(UserError, match=r"more than once in rows 1 \(SrTiO3\), 3 \(TiSrO3\)"):
        check(bad, "demo")


def test_an_unknown_element_names_site_symbol_and_row():
    with pytest.raises(UserError, match=r"column B holds 'Tt', .* row 3 \(CaTiO3\)"):
        check(frame(B=["Ti", "Ti", "Tt"]), "demo")


def test_a_missing_column_is_named():
    with pytest.raises(UserError, match="demo lacks the column X; needed: formula, A, B, X"):
        check(frame().drop(columns="X"), "demo")


def test_an_empty_table_is_refused():
    with pytest.raises(UserError, match="demo has no rows"):
        check(frame().iloc[:0], "demo")


def test_a_long_list_of_bad_rows_is_cut():
    many = pd.concat([frame()] * 4, ignore_index=True)
    with pytest.raises(UserError, match="and 7 more"):
        check(many, "demo")
