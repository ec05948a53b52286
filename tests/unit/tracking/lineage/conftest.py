"""A project with one logged comparison, its folder and its source nets; and the same, 2000 runs."""

from __future__ import annotations

import json
import shutil

import pytest

from cetransfer.evaluation.comparison import compare
from cetransfer.evaluation.result import publish, stage
from cetransfer.files import sha256
from cetransfer.settings import TrackingSettings
from cetransfer.tracking.comparison_log import log_comparison
from cetransfer.tracking.lineage.facts import REPORT_DOCUMENT, REPORT_PAGE
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
def report(logged):
    """Return the folder of a report on the comparison."""
    root = logged[0]
    result = root / "outputs" / "compare" / "toy" / "comparison.json"
    folder = root / "outputs" / "report" / "toy"
    folder.mkdir(parents=True)
    (folder / REPORT_PAGE).write_text("<html>")
    told = {
        "kind": "comparison",
        "of": json.loads(result.read_text())["key"],
        "result": "outputs/compare/toy",
        "result_sha256": sha256(result),
        "page_sha256": sha256(folder / REPORT_PAGE),
        "data_hashes": {"toy_target.parquet": "1" * 64},
        "commit": "c" * 40,
    }
    (folder / REPORT_DOCUMENT).write_text(json.dumps(told))
    return folder


@pytest.fixture
def records(logged):
    return open_records(LOCAL, logged[0])
