"""The DVC pipeline, run for real in a project of its own, with a tiny configuration."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = (
    ".dvc/.gitignore",
    ".dvc/config",
    ".dvcignore",
    ".gitignore",
    "data.dvc",
    "dvc.yaml",
    "mlruns/.gitignore",
)
TINY = {
    "conf/network/default.yaml": {"hidden": [8]},
    "conf/protocol/default.yaml": {"folds": 2, "members": 1},
    "conf/training/default.yaml": {"epochs": 2, "source.epochs": 1},
    "conf/dataset/surrogate.yaml": {"n_labelled": 40},
}
STAGES = ("features", "source", "compare")
OUTPUTS = (
    "features/sources/made_up.parquet",
    "features/target/made_up.parquet",
    "source/made_up/model.json",
    *(
        f"compare/{name}"
        for name in (
            "comparison.json",
            "metrics.json",
            "parity.csv",
            "parity.png",
            "predictions.parquet",
            "strategies.csv",
            "strategies.png",
        )
    ),
)
METRICS = "outputs/pipeline/compare/metrics.json"


class Project:
    """A project folder under git and DVC."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # the copied code reads the copied configuration
            "PYTHONPATH": str(folder / "src"),
            "DVC_NO_ANALYTICS": "1",
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
        }

    def call(self, *words):
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def dvc(self, *words):
        return self.call(sys.executable, "-m", "dvc", *words)

    def commit(self):
        self.call("git", "add", "--all")
        self.call("git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-m", "x")

    def change(self, file, key, value):
        """Set a key of a YAML file, of the first or the second level."""
        *outer, inner = key.split(".")
        start = rf"^{outer[0]}:\n(?:  .*\n)*?  {inner}: " if outer else rf"^{inner}: "
        path = self.folder / file
        text, count = re.subn(rf"(?m)({start}).*$", rf"\g<1>{value}", path.read_text(), count=1)
        assert count == 1
        path.write_text(text)

    def stale(self):
        return set(json.loads(self.dvc("status", "--json")))

    def restore(self):
        self.call("git", "checkout", "--quiet", "conf", "src")


def make_project(folder):
    """Return a project that is a copy of this one, with a tiny configuration."""
    pytest.importorskip("dvc")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    if not (ROOT / "data" / "surrogate_spinel.parquet").is_file():
        pytest.skip("no labelled tables: run `dvc pull`")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("conf", "src", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(folder)
    for file, keys in TINY.items():
        for key, value in keys.items():
            project.change(file, key, value)
    project.call("git", "init", "--quiet")
    project.commit()
    return project


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """Return a project whose outputs are made up and declared to be those of all stages."""
    project = make_project(tmp_path_factory.mktemp("settled") / "project")
    for name in OUTPUTS:
        path = project.folder / "outputs" / "pipeline" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    project.dvc("commit", "--force")
    return project


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a project whose pipeline was run and committed."""
    project = make_project(tmp_path_factory.mktemp("finished") / "project")
    project.dvc("repro")
    project.commit()
    return project


def test_doing_nothing_takes_under_three_seconds(settled):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "Data and pipelines are up to date" in settled.dvc("repro")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # of the processor, as other processes may be busy too
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


@pytest.mark.parametrize(
    ("file", "key", "value", "stages"),
    [
        ("strategy/fine_tune", "learning_rate", 0.002, {"compare"}),
        ("strategy/freeze", "layers", 2, {"compare"}),
        ("training/default", "epochs", 3, {"compare"}),
        ("protocol/default", "folds", 3, {"compare"}),
        ("dataset/surrogate", "n_labelled", 50, {"compare"}),
        ("dataset/surrogate", "reference", "constant", {"compare"}),
        ("dataset/surrogate", "pretrain", "joint", {"source", "compare"}),
        ("training/default", "source.epochs", 2, {"source", "compare"}),
        ("protocol/default", "members", 2, {"source", "compare"}),
        ("network/default", "dropout", 0.1, {"source", "compare"}),
        ("config", "seed", 1, {"source", "compare"}),
        ("dataset/surrogate", "site_order", "both", {"features", "compare"}),
        ("dataset/target/surrogate_perovskite", "name", "emery2017", {"features", "compare"}),
        ("dataset/source/surrogate_spinel", "name", "li2023_spinel", set(STAGES)),
        ("dataset/surrogate", "repair", True, set(STAGES)),
        # the others notice it when the features have changed
        ("features/ab_ab", "shells", 2, {"features"}),
    ],
)
def test_a_changed_key_makes_those_stages_stale_that_read_it(settled, file, key, value, stages):
    settled.change(f"conf/{file}.yaml", key, value)
    try:
        assert settled.stale() == stages
    finally:
        settled.restore()


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("structures/shells.py", {"features"}),
        ("datasets/li2023.py", set(STAGES)),
        ("networks/stack.py", {"source", "compare"}),
        ("transfer/strategy.py", {"compare"}),
        ("evaluation/scores.py", {"compare"}),
        ("reporting/tables.py", set()),
    ],
)
def test_changed_code_makes_those_stages_stale_that_rest_on_it(settled, file, stages):
    with (settled.folder / "src" / "cetransfer" / file).open("a") as stream:
        stream.write("# changed\n")
    try:
        assert settled.stale() == stages
    finally:
        settled.restore()


@pytest.mark.slow
def test_metrics_are_there_and_the_tree_is_clean(finished):
    assert finished.call("git", "status", "--porcelain") == ""
    assert finished.stale() == set()
    shown = json.loads(finished.dvc("metrics", "show", "--json"))
    metrics = json.loads((finished.folder / METRICS).read_text())
    assert shown[""]["data"][METRICS]["data"] == metrics
    assert metrics["fine_tune"]["delta"] == pytest.approx(
        metrics["fine_tune"]["mae"] - metrics["target_only"]["mae"]
    )


@pytest.mark.slow
def test_another_number_of_shells_makes_new_features_and_a_stale_source(finished):
    finished.change("conf/features/ab_ab.yaml", "shells", 2)
    try:
        finished.dvc("repro", "features")
        assert finished.stale() == {"source", "compare"}
    finally:
        finished.restore()
        finished.dvc("repro", "features")
    assert finished.stale() == set()


@pytest.mark.slow
def test_another_learning_rate_keeps_the_source_and_shows_in_metrics_and_plots(finished):
    (nets,) = (finished.folder / "outputs/pipeline/source").glob("*/model.safetensors")
    trained = nets.stat().st_mtime_ns
    finished.change("conf/strategy/fine_tune.yaml", "learning_rate", 0.1)
    out = finished.dvc("repro")
    assert "Stage 'source' didn't change, skipping" in out
    assert nets.stat().st_mtime_ns == trained
    for words in ((), ("HEAD~1", "HEAD")):
        diff = json.loads(finished.dvc("metrics", "diff", "--json", *words))[METRICS]
        assert {key.split(".")[0] for key in diff} == {"fine_tune"}
        if not words:
            finished.commit()
    page = Path(finished.dvc("plots", "diff", "HEAD~1").strip().removeprefix("file://"))
    html = page.read_text()
    assert html.count('"name": "fine_tune"') == 2
    assert '"prediction"' in html
    assert "parity.png" in html


@pytest.mark.slow
def test_changed_code_of_the_networks_trains_the_source_again(finished):
    (nets,) = (finished.folder / "outputs/pipeline/source").glob("*/model.safetensors")
    trained = nets.stat().st_mtime_ns
    with (finished.folder / "src/cetransfer/networks/stack.py").open("a") as stream:
        stream.write("# changed\n")
    out = finished.dvc("repro", "source")
    assert "Running stage 'source'" in out
    assert nets.stat().st_mtime_ns > trained
