from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.datasets.dataset import Dataset
from cetransfer.datasets.site_order import in_other_order
from cetransfer.errors import UserError


def data_of(prototype, formula):
    row = {"formula": formula, "A": "Ca", "B": "Ti", "X": "O", "formation_energy": -3.4}
    return Dataset("mine", pd.DataFrame([row]), prototype, {})


def test_a_and_b_change_places_and_the_rest_stays():
    (row,) = in_other_order(data_of("perovskite", "CaTiO3")).frame.to_dict("records")
    assert row == {"formula": "CaTiO3", "A": "Ti", "B": "Ca", "X": "O", "formation_energy": -3.4}


def test_where_a_and_b_differ_in_number_the_other_order_is_another_compound():
    with pytest.raises(UserError, match="in spinel A and B are not equally many"):
        in_other_order(data_of("spinel", "CaTi2O4"))
