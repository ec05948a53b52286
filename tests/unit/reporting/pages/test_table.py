from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.reporting.pages.table import FILTERED, Column, PageTable, fixed, percent, signed


def table_of(values, write=None):
    return PageTable("t", "c", (Column("v", "v", write),), pd.DataFrame({"v": values}))


@pytest.mark.parametrize(
    ("values", "write", "texts", "numbers"),
    [
        ([1.23456, float("nan")], None, ["1.235", ""], [1.23456, None]),
        ([0.1, -0.2], signed(2), ["+0.10", "-0.20"], [0.1, -0.2]),
        ([0.5], percent, ["50.0%"], [0.5]),
        ([2.0], fixed(3), ["2.000"], [2.0]),
        ([3, 4], None, ["3", "4"], [3.0, 4.0]),
        ([True, False], None, ["yes", "no"], [1.0, 0.0]),
        (["SrTiO3", None], None, ["SrTiO3", ""], [None, None]),
        (["1e5", "7"], None, ["1e5", "7"], [None, None]),
    ],
)
def test_cells_are_written_and_sorted_by_their_value(values, write, texts, numbers):
    cells = [row[0] for row in table_of(values, write).rows]
    assert [cell.text for cell in cells] == texts
    assert [cell.value for cell in cells] == pytest.approx(numbers)


def test_only_long_tables_are_filtered():
    assert not table_of(list(range(FILTERED))).filtered
    assert table_of(list(range(FILTERED + 1))).filtered


def test_columns_of_numbers_are_known():
    data = pd.DataFrame({"a": ["x"], "b": [1.0]})
    table = PageTable("t", "c", (Column("a", "a"), Column("b", "b")), data)
    assert table.numeric == [False, True]
    assert PageTable("t", "c", table.columns, data[:0]).numeric == [False, False]
