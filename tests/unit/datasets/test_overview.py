from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.datasets import fetch
from cetransfer.datasets.materials_project.frozen import freeze, frozen_path
from cetransfer.datasets.materials_project.query import Query
from cetransfer.datasets.materials_project.service import Answer
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


def test_what_takes_more_than_a_name_is_listed_without_figures(nothing_here):
    own, queries = overview("tabular", nothing_here), overview("materials_project", nothing_here)
    assert (own.here, queries.here) == ("your file", "no")
    assert queries.entry.licence == "CC BY 4.0"
    assert queries.entry.doi == "10.1063/1.4812323"
    assert own.figures is queries.figures is None
    assert not is_here("tabular", nothing_here)


def test_frozen_queries_are_counted_and_described(nothing_here):
    entries = pd.DataFrame({"material_id": ["mp-1", "mp-2"]})
    for query in (Query("ABC3"), Query("AB2C4")):
        path = frozen_path(query, nothing_here)
        freeze(Answer(entries, "2025.09.25", "https://api.example"), query, path)
    found = overview("materials_project", nothing_here)
    assert found.here == "2 frozen"
    assert {dict(copy.details)["query"] for copy in found.copies} == {
        "formula ABC3",
        "formula AB2C4",
    }
    assert all(copy.sha256 == sha256(copy.path) for copy in found.copies)


def test_an_unknown_name_gets_the_nearest(tmp_path):
    with pytest.raises(UserError, match="did you mean emery2017"):
        overview("emery2018", tmp_path)
