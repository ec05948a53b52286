"""One store, made once: laying out MLflow's tables takes seconds."""

from __future__ import annotations

import shutil

import pytest

from cetransfer.settings import TrackingSettings
from cetransfer.tracking.store import open_store

LOCAL = TrackingSettings(None, "cetransfer")


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory):
    root = tmp_path_factory.mktemp("store") / "project"
    open_store(LOCAL, root)
    return root


@pytest.fixture
def project(empty_project, tmp_path):
    """Return a project folder of your own with an empty store."""
    root = tmp_path / "project"
    shutil.copytree(empty_project, root)
    return root


@pytest.fixture
def store(project):
    return open_store(LOCAL, project)
