from __future__ import annotations

import pandas as pd

from cetransfer.models.carried import with_own_columns

ROLES = ("A", "B", "X")
PREDICTED = pd.DataFrame(
    {"formula": ["SrTiO3"], "A": ["Sr"], "B": ["Ti"], "X": ["O"], "prediction": [-3.5]}
)


def carried(tmp_path, **columns):
    path = tmp_path / "mine.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return with_own_columns(PREDICTED, [str(path)], ROLES)


def test_a_column_named_like_a_site_is_kept_where_the_formula_was_read(tmp_path):
    found = carried(tmp_path, formula=["SrTiO3"], A=["12.5"], band=[1])
    assert found["A"].tolist() == ["Sr"]
    assert found["A_given"].tolist() == ["12.5"]
    assert found["band"].tolist() == ["1"]


def test_columns_of_sites_that_were_read_are_not_repeated(tmp_path):
    found = carried(tmp_path, A=["Sr"], B=["Ti"], prediction=[0.0])
    assert [name for name in found if name.endswith("_given")] == ["prediction_given"]
