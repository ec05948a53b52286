from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from cetransfer.errors import UserError
from cetransfer.reproduction.difference import difference


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "strategy": ["freeze", "freeze", "mean"],
            "row": [1, 2, 1],
            "compound": ["SrTiO3", "BaHfO3", "SrTiO3"],
            "prediction": [-3.5, -3.9, -2.0],
        }
    )


def written(tmp_path, table, name):
    path = tmp_path / f"{name}.parquet"
    table.to_parquet(path, index=False)
    return path


def test_equal_numbers_are_identical(tmp_path, table):
    one, other = (written(tmp_path, table, name) for name in "ab")
    assert difference(one, other).words == "identical: all 3 numbers, bit for bit"
    assert difference(one, other, "freeze").numbers == 2


def test_the_last_bit_counts_and_the_row_is_named(tmp_path, table):
    one = written(tmp_path, table, "a")
    table.loc[1, "prediction"] = np.nextafter(-3.9, 0)
    found = difference(one, written(tmp_path, table, "b"))
    assert (found.other, found.largest) == (1, pytest.approx(4.4e-16, rel=0.02))
    assert "row 2  compound BaHfO3" in found.where[0]
    assert "1 of 3 numbers differ, by at most 4.44e-16" in found.words
    assert difference(one, written(tmp_path, table, "b"), "mean").other == 0


def test_a_number_that_became_none_is_the_largest_difference(tmp_path, table):
    one = written(tmp_path, table, "a")
    table.loc[0, "prediction"] = np.nan
    assert difference(one, written(tmp_path, table, "b")).largest == np.inf
    assert difference(written(tmp_path, table, "c"), written(tmp_path, table, "d")).other == 0


def test_other_rows_or_no_file_are_users_errors(tmp_path, table):
    one = written(tmp_path, table, "a")
    with pytest.raises(UserError, match="not the same rows"):
        difference(one, written(tmp_path, table.iloc[:2], "b"))
    with pytest.raises(UserError, match="gave no"):
        difference(one, tmp_path / "none.parquet")


def test_networks_are_compared_weight_by_weight(tmp_path):
    paths = [tmp_path / f"{name}.safetensors" for name in "ab"]
    weights = {"layer": np.ones((2, 3), np.float32)}
    for path in paths:
        save_file(weights, path)
    assert difference(*paths).words.startswith("identical: all 6 numbers")
    weights["layer"][1, 2] = 2
    save_file(weights, paths[1])
    assert difference(*paths).where == ("layer (1)",)
    paths[1].write_bytes(b"x")
    with pytest.raises(UserError, match="no readable networks"):
        difference(*paths)
    save_file({"layer": np.ones(3, np.float32)}, paths[1])
    with pytest.raises(UserError, match="different shapes"):
        difference(*paths)
