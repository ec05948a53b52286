from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from cetransfer.datasets.materials_project.frozen import (
    METADATA,
    copies,
    describe,
    freeze,
    frozen_path,
    thaw,
)
from cetransfer.datasets.materials_project.query import Query
from cetransfer.datasets.materials_project.service import Answer
from cetransfer.errors import UserError
from cetransfer.files import sha256

QUERY = Query("ABC3", ("O-Sr-Ti",), 221)


@pytest.fixture
def entries():
    columns = {
        "material_id": ["mp-1", "mp-2"],
        "formula_pretty": ["SrTiO3", "SrTiO3"],
        "formation_energy_per_atom": [-3.5, float("nan")],
        "energy_above_hull": [0.0, 0.1],
        "space_group": [221, None],
    }
    return pd.DataFrame(columns).astype({"space_group": "Int64"})


@pytest.fixture
def path(entries, tmp_path):
    where = frozen_path(QUERY, tmp_path)
    freeze(Answer(entries, "2025.09.25", "https://api.example/"), QUERY, where)
    return where


def test_a_frozen_answer_comes_back_as_it_was(entries, path):
    assert path.parent.name == "data"
    assert path.name == f"materials_project-{QUERY.digest}.parquet"
    thawed, about = thaw(path, QUERY)
    pd.testing.assert_frame_equal(thawed, entries)
    assert (about.query, about.database_version, about.entries) == (QUERY, "2025.09.25", 2)
    assert len(about.retrieved) == len("2026-01-01")
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_file_says_itself_where_it_comes_from(path):
    told = json.loads(parquet.read_schema(path).metadata[METADATA])
    assert told["database_version"] == "2025.09.25"
    assert told["query"] == {"formula": "ABC3", "chemsys": ["O-Sr-Ti"], "space_group": 221}
    assert told["endpoint"] == "https://api.example/"
    assert pd.read_parquet(path).shape == (2, 5)


def test_the_catalogue_gets_what_there_is(path, tmp_path):
    (copy,) = copies(tmp_path)
    assert copy.sha256 == sha256(path)
    assert dict(copy.details)["rows"] == "2"
    assert dict(copy.details)["database"] == "2025.09.25"
    assert copies(tmp_path / "elsewhere") == ()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"{}", "other table"])
def test_another_file_in_its_place_is_refused(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(UserError, match="no frozen answer of the Materials Project; remove it"):
        describe(path)


@pytest.mark.parametrize(
    "about", ["[]", "{}", "no json", '{"query": {}}', '{"query": {"chemsys": 1}}']
)
def test_a_file_that_tells_something_else_is_refused(path, about):
    table = parquet.read_table(path).replace_schema_metadata({METADATA: about})
    parquet.write_table(table, path)
    with pytest.raises(UserError, match="no frozen answer"):
        describe(path)


def test_an_answer_to_another_query_is_refused(path):
    with pytest.raises(UserError, match=r"answers another query \(formula ABC3, .*O-Sr-Ti"):
        thaw(path, Query("ABC3"))


@pytest.mark.parametrize(
    "changed", [{"formation_energy_per_atom": ["a", "b"]}, {"material_id": None}]
)
def test_a_file_with_other_columns_is_refused(entries, path, changed):
    table = entries.assign(**changed) if all(changed.values()) else entries.drop(columns=[*changed])
    metadata = parquet.read_schema(path).metadata
    table = pa.Table.from_pandas(table, preserve_index=False)
    told = {**table.schema.metadata, METADATA: metadata[METADATA]}
    parquet.write_table(table.replace_schema_metadata(told), path)
    with pytest.raises(UserError, match="does not hold the columns of a frozen answer"):
        thaw(path, QUERY)


def test_an_answer_cut_short_is_refused(path):
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    with pytest.raises(UserError, match="is damaged"):
        thaw(path, QUERY)
