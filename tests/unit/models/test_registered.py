from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from cetransfer.errors import UserError
from cetransfer.models.find import find_model
from cetransfer.models.folder import read
from cetransfer.models.registered import by_alias, find_version, of_model
from cetransfer.tracking.store import database

TABLES = """
CREATE TABLE registered_models (name TEXT);
CREATE TABLE registered_model_aliases (alias TEXT, version INTEGER, name TEXT);
CREATE TABLE model_versions (name TEXT, version INTEGER, source TEXT, current_stage TEXT);
CREATE TABLE model_version_tags (key TEXT, value TEXT, name TEXT, version INTEGER);
"""


@pytest.fixture
def root(folder, tmp_path):
    """A project whose registry, as MLflow lays it out, has two versions of a model."""
    root = tmp_path / "project"
    identity = read(folder)["id"]
    file = database(root)
    package = file.parent / "artifacts" / "registered" / "cetransfer" / identity
    shutil.copytree(folder, package / "data" / "model")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(TABLES)
        connection.execute("INSERT INTO registered_models VALUES ('cetransfer')")
        for number, model in ((1, identity), (2, "f" * 16), (3, identity)):
            source = f"file:///before/mlruns/artifacts/registered/cetransfer/{identity}"
            stage = "Deleted_Internal" if number == 3 else "None"
            connection.execute(
                "INSERT INTO model_versions VALUES ('cetransfer', ?, ?, ?)", (number, source, stage)
            )
            connection.execute(
                "INSERT INTO model_version_tags VALUES ('cetransfer.model', ?, 'cetransfer', ?)",
                (model, number),
            )
        connection.execute(
            "INSERT INTO registered_model_aliases VALUES ('champion', 1, 'cetransfer')"
        )
    return root


@pytest.mark.parametrize(
    "word", ["champion", "models:/cetransfer@champion", "models:/cetransfer/1"]
)
def test_a_version_is_found_where_the_project_is_now(root, folder, word):
    place = find_model(word, root)
    assert place.is_relative_to(root)
    assert read(place)["id"] == read(folder)["id"]


def test_a_folder_of_that_name_does_not_hide_the_champion(root, monkeypatch, folder):
    other = root / "models" / "champion"
    shutil.copytree(folder, other)
    monkeypatch.chdir(root / "models")
    assert find_model("champion", root) != other
    assert find_model("./champion", root).resolve() == other


def test_a_version_is_found_by_its_model_unless_it_was_deleted(root, folder):
    assert of_model("cetransfer", read(folder)["id"], root).number == 1
    assert of_model("cetransfer", "0" * 16, root) is None
    assert by_alias("cetransfer", "staging", root) is None


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("models:/cetransfer/3", "cetransfer has no version 3; known are 1, 2"),
        ("models:/cetransfer@champoin", r"no alias 'champoin'; did you mean champion\?"),
        ("models:/cetransfr/1", r"no registered model 'cetransfr'; did you mean cetransfer\?"),
        ("models:/cetransfer", "is no address of a model; give models:/cetransfer@champion"),
        ("models:/cetransfer/2", "is not what lies in"),
    ],
)
def test_a_wrong_name_or_folder_is_told(root, word, told):
    with pytest.raises(UserError, match=told):
        find_version(word, root)


def test_without_a_store_there_is_no_champion(tmp_path):
    with pytest.raises(UserError, match=r"no champion yet .* `cetransfer promote MODEL`"):
        find_version("champion", tmp_path)


def test_a_store_that_is_none_is_told(root):
    database(root).write_text("this is no database, and longer than its header would be" * 10)
    with pytest.raises(UserError, match=r"cannot be read .*not a database"):
        find_version("champion", root)


def test_a_locked_store_is_told(root):
    with closing(sqlite3.connect(database(root))) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match=r"database is locked.*end what holds it"):
            find_version("champion", root)


def test_a_read_only_store_is_read(root):
    database(root).chmod(0o444)
    assert find_version("champion", root).number == 1
