"""A project folder of its own for every run, and one small comparison that many tests read."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from cetransfer import progress
from cetransfer.cli import run
from cetransfer.tracking.store import import_mlflow, make_database

COMMAND = Path(sys.executable).parent / "cetransfer"
DATA = Path(__file__).parents[2] / "data"
TINY = (
    "experiment=quick",
    "network=small",
    "protocol.folds=3",
    "training.epochs=3",
    "training.source.epochs=2",
    "dataset=surrogate",
    "dataset.n_labelled=60",
)


@cache
def empty_store():
    """Return a tracking store without runs; making one takes longer than most commands."""
    file = Path(tempfile.mkdtemp(prefix="store")) / "mlflow.db"
    atexit.register(shutil.rmtree, file.parent)
    import_mlflow()
    make_database(file)
    return file


def make_project(folder, data=DATA, *, store=True):
    """Make a project folder that finds the labelled tables in `data`, with an empty store."""
    if not (data / "surrogate_spinel.parquet").is_file():
        pytest.skip(f"no labelled tables in {data}: run `dvc pull`")
    folder.mkdir(parents=True)
    (folder / "dvc.yaml").touch()
    (folder / "data").symlink_to(data, target_is_directory=True)
    if store:
        (folder / "mlruns").mkdir()
        shutil.copy(empty_store(), folder / "mlruns" / "mlflow.db")
    return folder


def environment(**more):
    """Return the environment of a command: this one, without what would change its output."""
    kept = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    return {**kept, **more}


def call(*words, cwd, **more):
    """Run the installed command to its end."""
    return subprocess.run(
        [COMMAND, *words],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def start(*words, cwd, **pipes):
    """Start the installed command with Ctrl-C switched on, whoever started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [COMMAND, *words],
            cwd=cwd,
            env=environment(),
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes},
        )
    finally:
        signal.signal(signal.SIGINT, before)


def kill_until_done(words, cwd, first):
    """Kill a command again and again, each time `first` seconds and a bit later, until it ends.

    Returns how often it was killed.
    """
    kills = 0
    while True:
        process = start(*words, cwd=cwd, stdout=subprocess.DEVNULL)
        try:
            _, err = process.communicate(timeout=first + 4.0 * kills)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            assert kills < 20
            continue
        assert process.returncode == 0, err
        return kills


def read(output):
    """Return the document and the table of a finished comparison."""
    return SimpleNamespace(
        folder=output,
        document=json.loads((output / "comparison.json").read_text()),
        predictions=pd.read_parquet(output / "predictions.parquet"),
    )


@pytest.fixture(scope="session")
def tools():
    """The functions above, for tests."""
    return SimpleNamespace(
        TINY=TINY,
        DATA=DATA,
        make_project=make_project,
        call=call,
        start=start,
        kill_until_done=kill_until_done,
        read=read,
    )


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """Return a comparison that was run once, by the installed command, in a fresh project."""
    project = make_project(tmp_path_factory.mktemp("first") / "project", store=False)
    done = call("compare", *TINY, cwd=project)
    assert done.returncode == 0, done.stderr
    (output,) = (project / "outputs" / "compare").iterdir()
    result = read(output)
    result.project, result.done = project, done
    return result


@pytest.fixture(scope="session")
def copy_of_first(first):
    """Call with a place and what of `outputs` to leave out; `first` itself is only read."""

    def copy(place, *left_out):
        shutil.copytree(first.project, place, symlinks=True)
        for name in left_out:
            shutil.rmtree(place / "outputs" / name)
        return place

    return copy


@pytest.fixture(scope="session")
def prepared(copy_of_first, tmp_path_factory):
    """Return a project with stored features and source nets, where commands go wrong."""
    return copy_of_first(tmp_path_factory.mktemp("prepared") / "project", "compare")


@pytest.fixture
def inside(monkeypatch, capfd):
    """Call to run a command in this process; returns its status and what it printed."""

    def run_inside(*words, cwd):
        monkeypatch.chdir(cwd)
        capfd.readouterr()
        status = run(list(words))
        out, err = capfd.readouterr()
        return SimpleNamespace(returncode=status, stdout=out, stderr=err)

    yield run_inside
    progress.set_quiet(quiet=False)
