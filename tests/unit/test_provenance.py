from __future__ import annotations

import importlib.metadata
import shutil
import subprocess

import numpy as np
import pytest

from cetransfer.provenance import (
    array_digest,
    digest,
    dvc_hashes,
    git_commit,
    package_versions,
    run_tags,
    stage_hashes,
)


def test_the_order_of_keys_does_not_matter_to_a_digest():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1, "b": [1, 2]}) != digest({"a": 1, "b": [2, 1]})


def test_a_digest_is_that_of_the_compact_text():
    # printf '{"a":1}' | sha256sum
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.mark.parametrize(
    "other",
    [
        np.array([1.0, 2.0, 3.0, 5.0]),
        np.array([1.0, 2.0, 3.0, 4.0], np.float32),
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([1.0, 2.0, 4.0, 3.0]),
    ],
)
def test_values_type_shape_and_order_of_an_array_are_in_its_digest(other):
    assert array_digest(other) != array_digest(np.array([1.0, 2.0, 3.0, 4.0]))


def test_a_view_has_the_digest_of_its_values():
    array = np.arange(12.0).reshape(3, 4)
    assert array_digest(array[:, ::2]) == array_digest(array[:, ::2].copy())


@pytest.fixture
def repository(tmp_path):
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")

    def run(*words):
        subprocess.run(
            [git, "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x", *words],
            check=True,
            capture_output=True,
        )

    run("init")
    (tmp_path / "file").write_text("one")
    run("add", "file")
    run("commit", "-m", "first")
    return tmp_path


def test_the_commit_of_a_clean_tree(repository):
    commit, dirty = git_commit(repository)
    assert len(commit) == 40
    assert dirty is False


def test_a_changed_file_makes_the_tree_dirty(repository):
    (repository / "file").write_text("two")
    assert git_commit(repository)[1] is True


def test_what_runs_write_themselves_makes_no_tree_dirty(repository):
    (repository / "dvc.lock").write_text("schema: '2.0'")
    (repository / "outputs").mkdir()
    (repository / "outputs" / "metrics.json").write_text("{}")
    assert git_commit(repository)[1] is False
    (repository / "my.py").touch()
    assert git_commit(repository)[1] is True


def test_outside_a_repository_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit(tmp_path) == (None, None)


def test_without_git_there_is_no_commit_either(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert git_commit(repository) == (None, None)


def test_the_hash_of_versioned_data_is_read_from_its_pointer(tmp_path):
    assert dvc_hashes(tmp_path) == {}
    (tmp_path / "data.dvc").write_text("outs:\n- md5: 0123abcd.dir\n  size: 7\n  path: data\n")
    assert dvc_hashes(tmp_path) == {"data.dvc": "0123abcd.dir"}


LOCK = """
schema: '2.0'
stages:
  features:
    cmd: cetransfer features
    deps: [{path: data, hash: md5, md5: 99.dir, size: 1}]
    outs: [{path: outputs/features, hash: md5, md5: 12.dir, size: 1}]
  source:
    deps: [{path: outputs/features, hash: md5, md5: 12.dir, size: 1}]
    outs: [{path: outputs/source, hash: md5, md5: 56.dir, size: 1}]
  compare:
    deps: [{path: outputs/source, hash: md5, md5: 56.dir, size: 1}]
    outs: [{path: outputs/metrics.json, hash: md5, md5: '34', size: 1}]
"""


def test_hashes_of_stages_are_those_of_what_is_there(tmp_path):
    assert stage_hashes(tmp_path) == {}
    (tmp_path / "dvc.lock").write_text(LOCK)
    (tmp_path / "outputs" / "features").mkdir(parents=True)
    assert stage_hashes(tmp_path) == {"outputs/features": "12.dir"}
    (tmp_path / "outputs" / "metrics.json").touch()
    assert stage_hashes(tmp_path)["outputs/metrics.json"] == "34"


@pytest.mark.parametrize(
    ("stage", "before"),
    [
        ("features", set()),
        ("source", {"outputs/features"}),
        ("compare", {"outputs/features", "outputs/source"}),
    ],
)
def test_a_stage_that_runs_has_the_hashes_of_those_before_it(tmp_path, monkeypatch, stage, before):
    (tmp_path / "dvc.lock").write_text(LOCK)
    for name in ("features", "source", "metrics.json"):
        (tmp_path / "outputs" / name).mkdir(parents=True)
    monkeypatch.setenv("DVC_STAGE", stage)
    assert set(stage_hashes(tmp_path)) == before


def test_tags_of_a_run_name_commit_state_and_hashes(repository):
    (repository / "data.dvc").write_text("outs:\n- md5: 0123abcd.dir\n  path: data\n")
    (repository / "dvc.lock").write_text(LOCK)
    (repository / "outputs" / "features").mkdir(parents=True)
    tags = run_tags(repository)
    assert tags.pop("mlflow.source.git.commit") == git_commit(repository)[0]
    assert tags == {
        "git.dirty": "True",
        "dvc.data": "0123abcd.dir",
        "dvc.outputs/features": "12.dir",
    }


def test_versions_of_the_packages_behind_the_numbers_are_recorded():
    versions = package_versions()
    assert {"cetransfer", "numpy", "torch", "scikit-learn"} <= set(versions)
    assert versions["numpy"] == importlib.metadata.version("numpy")
