"""A project with one logged comparison, its folder and its source nets; and the same, 2000 runs."""

from __future__ import annotations

import shutil

import pytest

from cetransfer.evaluation.comparison import compare
from cetransfer.evaluation.result import publish, stage
from cetransfer.settings import TrackingSettings
from cetransfer.tracking.comparison_log import log_comparison
from cetransfer.tracking.records import open_records
from cetransfer.tracking.store import open_store

LOCAL = TrackingSettings(None, "cetransfer")
TINY = (
    "network.hidden=[8,4]",
    "protocol.folds=3",
    "protocol.members=2",
    "training.epochs=2",
    "training.source.epochs=2",
    "dataset.n_labelled=30",
    "strategy=[target_only,fine_tune,joint_sources]",
)


@pytest.fixture(scope="session")
def logged_once(compose, make_case, tmp_path_factory):
    root = tmp_path_factory.mktemp("logged") / "project"
    root.mkdir()
    settings = compose(*TINY)
    comparison = compare(settings, make_case(settings), root, root / "partial")
    store = open_store(LOCAL, root)
    staged = stage(comparison, root / "staged")
    parent = log_comparison(store, comparison, staged, "one")
    output = root / "outputs" / "compare" / "toy"
    output.mkdir(parents=True)
    publish(staged, output)
    shutil.rmtree(root / "partial")
    return root, parent, comparison


@pytest.fixture
def logged(logged_once, tmp_path):
    """Return a project of your own, the parent's run id, and what was compared."""
    root, parent, comparison = logged_once
    copy = tmp_path / "project"
    shutil.copytree(root, copy)
    return copy, parent, comparison


@pytest.fixture
def records(logged):
    return open_records(LOCAL, logged[0])
