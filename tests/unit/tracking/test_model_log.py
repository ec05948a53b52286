from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from cetransfer.tracking.model_log import ARTIFACT, log_model


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    return folder


def logged(store, folder):
    run = store.client.create_run(store.experiment_id).info
    log_model(store, run.run_id, folder)
    assert [each.path for each in store.client.list_artifacts(run.run_id, ARTIFACT)] == [
        "model/model.json"
    ]
    return Path(unquote(urlsplit(run.artifact_uri).path)) / ARTIFACT / "model.json"


def test_the_artifacts_are_links_to_the_models_files(store, folder):
    place = logged(store, folder)
    assert place.stat().st_ino == (folder / "model.json").stat().st_ino


def test_where_links_cannot_be_made_files_are_copied(store, folder, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    place = logged(store, folder)
    assert place.read_text() == "{}"
    assert place.stat().st_ino != (folder / "model.json").stat().st_ino
