from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.datasets import fetch
from cetransfer.datasets.overview import is_here, overview, overviews
from cetransfer.errors import UserError
from cetransfer.files import sha256


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    monkeypatch.setenv(fetch.CACHE, str(tmp_path / "cache"))
    monkeypatch.delenv(fetch.MIRROR, raising=False)
    monkeypatch.setattr(fetch, "files", lambda _: tmp_path / "package")
    monkeypatch.setattr(fetch, "_download", lambda *_: pytest.fail("a download"))
    return tmp_path


def test_what_is_not_here_is_listed_without_a_download(nothing_here):
    listed = overviews(nothing_here)
    assert [each.name for each in listed] == sorted(each.name for each in listed)
    assert all(each.figures is None for each in listed)
    emery = overview("emery2017", nothing_here)
    assert {copy.sha256[:8] for copy in emery.copies} == {"2468257e", "3e66c2a5"}
    assert not is_here("emery2017", nothing_here)


def test_a_versioned_table_is_counted_and_hashed(nothing_here):
    path = nothing_here / "data" / "surrogate_spinel.parquet"
    path.parent.mkdir()
    columns = {"formula": ["MgAl2O4", "AlMg2O4"], "A": ["Mg", "Al"], "B": ["Al", "Mg"], "X": "O"}
    labels = {"formation_energy": [-2.9, -2.0], "flag": ""}
    pd.DataFrame({**columns, **labels}).to_parquet(path)
    found = overview("surrogate_spinel", nothing_here)
    assert found.copies[0].sha256 == sha256(path)
    assert found.figures.rows == 2
    assert found.figures.coverage == 0.5
    assert (found.figures.lowest, found.figures.highest) == (-2.9, -2.0)


def test_an_unknown_name_gets_the_nearest(tmp_path):
    with pytest.raises(UserError, match="did you mean emery2017"):
        overview("emery2018", tmp_path)
