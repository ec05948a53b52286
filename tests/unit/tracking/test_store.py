from __future__ import annotations

import functools
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cetransfer.errors import UserError
from cetransfer.settings import TrackingSettings
from cetransfer.tracking import store as module
from cetransfer.tracking.store import database, open_store, relocate

LOCAL = TrackingSettings(None, "cetransfer")


def logged(store, text="hello"):
    """Log a run with one artifact and return its id."""
    run_id = store.client.create_run(store.experiment_id).info.run_id
    store.client.log_text(run_id, text, "folder/note.txt")
    store.client.set_terminated(run_id)
    return run_id


def test_a_new_store_is_one_file_with_the_artifacts_beside_it(empty_project):
    assert database(empty_project) == empty_project / "mlruns" / "mlflow.db"
    assert database(empty_project).is_file()
    store = open_store(LOCAL, empty_project)
    experiment = store.client.get_experiment(store.experiment_id)
    assert experiment.name == "cetransfer"
    assert experiment.artifact_location == (empty_project / "mlruns" / "artifacts").as_uri()
    assert store.uri == f"sqlite:///{database(empty_project)}"


KILLED = """
import os, sys
from pathlib import Path
from sqlalchemy import Engine, event
from cetransfer.settings import TrackingSettings
from cetransfer.tracking.store import open_store

@event.listens_for(Engine, "before_cursor_execute")
def count(*rest, seen=[]):
    seen.append(1)
    if len(seen) == int(sys.argv[2]):
        os._exit(9)

open_store(TrackingSettings(None, "cetransfer"), Path(sys.argv[1]))
"""


def test_a_store_whose_making_was_killed_is_made_anew(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path), "150"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 9
    assert not database(tmp_path).exists()
    assert logged(open_store(LOCAL, tmp_path))


def test_what_another_process_made_meanwhile_is_kept(tmp_path, monkeypatch):
    def slow(file):
        monkeypatch.undo()
        run_ids.append(logged(open_store(LOCAL, tmp_path)))
        with monkeypatch.context() as patch:
            patch.setattr(Path, "exists", lambda path: path != file)
            module.make_database(file)

    run_ids = []
    monkeypatch.setattr(module, "make_database", slow)
    store = open_store(LOCAL, tmp_path)
    assert store.client.get_run(run_ids[0]).info.status == "FINISHED"


def test_opening_again_finds_the_same_experiment(store, project):
    assert open_store(LOCAL, project).experiment_id == store.experiment_id
    other = open_store(TrackingSettings(None, "another"), project)
    assert other.experiment_id != store.experiment_id


def test_artifacts_land_beside_the_file(store, project):
    run_id = logged(store)
    note = project / "mlruns" / "artifacts" / run_id / "artifacts" / "folder" / "note.txt"
    assert note.read_text() == "hello"


@pytest.mark.parametrize(
    "name",
    ["elsewhere", "with a space", "Project", "pro_ect", "100%", "project/mlruns/artifacts/project"],
)
def test_after_a_move_every_artifact_is_found_again(store, project, tmp_path, name):
    runs = [logged(store, text) for text in ("one", "two")]
    aside = tmp_path / "aside"
    project.rename(aside)
    moved = tmp_path / name
    moved.parent.mkdir(parents=True, exist_ok=True)
    aside.rename(moved)
    again = open_store(LOCAL, moved)
    assert again.experiment_id == store.experiment_id
    for run_id, text in zip(runs, ("one", "two"), strict=True):
        (listed,) = again.client.list_artifacts(run_id, "folder")
        path = again.client.download_artifacts(run_id, listed.path, str(tmp_path))
        assert Path(path).read_text() == text
    note = moved / "mlruns" / "artifacts" / logged(again) / "artifacts" / "folder" / "note.txt"
    assert note.is_file()


def test_a_copy_does_not_write_into_the_original(store, project, tmp_path):
    logged(store)
    shutil.copytree(project, tmp_path / "copy")
    before = sorted(project.rglob("*"))
    logged(open_store(LOCAL, tmp_path / "copy"))
    assert sorted(project.rglob("*")) == before


def test_addresses_elsewhere_are_left_alone(store, project, tmp_path):
    location = (tmp_path / "other" / "place").as_uri()
    experiment = store.client.create_experiment("own place", location)
    relocate(project)
    assert store.client.get_experiment(experiment).artifact_location == location


def test_nothing_is_relocated_where_there_is_no_store(tmp_path):
    relocate(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_locked_store_is_a_users_error(project, monkeypatch):
    monkeypatch.setattr(module.sqlite3, "connect", functools.partial(sqlite3.connect, timeout=0.1))
    holder = sqlite3.connect(database(project))
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(UserError, match=r"mlflow\.db cannot be opened.*database is locked"):
            open_store(LOCAL, project)
    finally:
        holder.close()


def test_a_file_that_is_no_database_is_a_users_error(tmp_path):
    database(tmp_path).parent.mkdir()
    database(tmp_path).write_bytes(b"this is not a database " * 100)
    with pytest.raises(UserError, match=r"mlflow\.db cannot be opened .*tracking\.uri=sqlite:"):
        open_store(LOCAL, tmp_path)


def test_a_folder_that_cannot_be_made_is_a_users_error(tmp_path):
    (tmp_path / "mlruns").touch()
    with pytest.raises(UserError, match=r"mlflow\.db cannot be opened"):
        open_store(LOCAL, tmp_path)


def test_an_unknown_kind_of_address_is_a_users_error(tmp_path):
    with pytest.raises(UserError, match=r"the tracking store abacus://x cannot be opened"):
        open_store(TrackingSettings("abacus://x", "cetransfer"), tmp_path)


def read_only(project):
    return TrackingSettings(f"sqlite:///file:{database(project)}?mode=ro&uri=true", "cetransfer")


def test_a_read_only_store_is_a_users_error_in_one_line(project, capfd, tmp_path, monkeypatch):
    # MLflow makes a folder of the address, wherever we are
    monkeypatch.chdir(tmp_path)
    settings = read_only(project)
    settings.experiment = "new"
    with pytest.raises(UserError, match=r"cannot be opened .*readonly"):
        open_store(settings, project)
    assert "Traceback" not in capfd.readouterr().err


def test_an_experiment_that_was_deleted_is_named(store, project):
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(UserError, match=r"tracking\.experiment=cetransfer was deleted"):
        open_store(LOCAL, project)


def test_a_store_named_by_its_address_is_used(tmp_path, empty_project):
    file = tmp_path / "mine.db"
    shutil.copy(database(empty_project), file)
    store = open_store(TrackingSettings(f"sqlite:///{file}", "cetransfer"), tmp_path)
    assert store.uri == f"sqlite:///{file}"
    assert not database(tmp_path).exists()


def test_laying_out_a_store_says_nothing(tmp_path, capfd):
    uri = f"sqlite:///{tmp_path / 'new.db'}"
    open_store(TrackingSettings(uri, "cetransfer"), tmp_path)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_a_store_of_ones_own_keeps_its_artifacts_beside_it(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "store").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    uri = f"sqlite:///{tmp_path / 'store' / 'mine.db'}"
    logged(open_store(TrackingSettings(uri, "cetransfer"), tmp_path))
    assert not list((tmp_path / "here").iterdir())
    assert list((tmp_path / "store").rglob("note.txt"))
