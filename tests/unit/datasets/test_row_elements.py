from __future__ import annotations

import pandas as pd

from cetransfer.datasets.row_elements import elements_of


def test_a_cell_may_hold_one_element_several_or_none():
    sites = pd.DataFrame(
        {"A": ["Ba,Sr", "Ti", ""], "B": ["Ti", "Ti", "Zr,Ba"], "X": ["O", "O", ""]}
    )
    assert elements_of(sites) == [("Ba", "Sr", "Ti", "O"), ("Ti", "O"), ("Zr", "Ba")]
