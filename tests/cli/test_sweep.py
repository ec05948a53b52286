from __future__ import annotations

import json
import math
import os
import shlex
import signal
import subprocess
import time

import pandas as pd
import pytest
from mlflow import MlflowClient

WORDS = (
    "sweep=small",
    "sweep.trials=6",
    "sweep.batch=3",
    "sweep.inner_folds=3",
    "sweep.rungs=[1,3]",
    "sweep.outer_folds=2",
    "protocol.members=2",
    "training.epochs=3",
    "training.source.epochs=2",
    "dataset.n_labelled=60",
)
LIMIT = 240.0


@pytest.fixture(scope="module")
def swept(tools, tmp_path_factory):
    """Return a project in which a small sweep was run once by the installed command alone."""
    project = tools.make_project(tmp_path_factory.mktemp("swept") / "project")
    done = tools.call("sweep", *WORDS, "compute.workers=1", cwd=project)
    assert done.returncode == 0, done.stderr
    return project, done


def read(folder):
    table = pd.read_parquet(folder / "trials.parquet").drop(columns="seconds")
    return json.loads((folder / "sweep.json").read_text()), table


def only_folder(project):
    (folder,) = (project / "outputs" / "sweep").iterdir()
    return folder


def test_a_sweep_ends_with_a_nested_score(swept):
    project, done = swept
    document, table = read(only_folder(project))
    score = document["score"]
    assert f"Nested score: {score['error']:.4f}" in " ".join(done.stdout.split())
    assert score["low"] < score["error"] < score["high"]
    assert score["rows"] == 60
    assert len(table) == 12
    assert {path.name for path in only_folder(project).iterdir()} >= {"history.png", "trials.csv"}
    assert not list(project.rglob("*.tmp"))


def test_every_trial_is_a_child_of_the_run(swept):
    project, done = swept
    document, table = read(only_folder(project))
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("cetransfer").experiment_id
    (run,) = client.search_runs([experiment], "tags.`cetransfer.kind` = 'sweep'")
    assert run.info.run_id in done.stdout
    assert run.data.metrics["outer_error"] == pytest.approx(document["score"]["error"])
    children = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    told = {
        (int(child.data.params["outer"]), int(child.data.params["trial"])): child.data.metrics
        for child in children
    }
    assert len(told) == len(table) == len(children)
    for row in table.to_dict("records"):
        own = told[row["outer"], row["trial"]]
        assert own["inner_error"] == pytest.approx(row["inner_error"])


def test_the_same_command_again_trains_and_logs_nothing_new(swept, inside):
    project, done = swept
    again = inside("sweep", *WORDS, cwd=project)
    assert again.returncode == 0
    assert done.stdout.splitlines()[-1] == again.stdout.splitlines()[-1]
    assert "trials\n" not in again.stderr.replace("trials a study", "")


def test_a_sweep_and_its_trials_are_traced_to_their_data(swept, inside):
    project, _ = swept
    output = only_folder(project)
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("cetransfer").experiment_id
    (run,) = client.search_runs([experiment], "tags.`cetransfer.kind` = 'sweep'")
    trial, *_ = client.search_runs([experiment], "tags.`cetransfer.kind` = 'trial'")
    for asked in (str(output), output.name, run.info.run_id):
        done = inside("lineage", asked, "--verify", "format=json", cwd=project)
        assert done.returncode == 0, done.stderr
        states = {node["kind"]: node["state"] for node in json.loads(done.stdout)["nodes"]}
        assert states.keys() == {"sweep", "features", "data", "commit"}
        assert (states["sweep"], states["data"]) == ("ok", "ok")
    done = inside("lineage", trial.info.run_id, cwd=project)
    assert "sweep small" in done.stdout
    assert "data surrogate_spinel.parquet" in done.stdout
    done = inside("lineage", "--descendants", "surrogate_perovskite", "format=json", cwd=project)
    assert {each["kind"] for each in json.loads(done.stdout)["descendants"]} == {"sweep"}


def test_reproduce_prints_the_command_of_a_sweep(swept, inside):
    project, _ = swept
    done = inside("reproduce", str(only_folder(project)), cwd=project)
    assert done.returncode == 0, done.stderr
    assert f".venv/bin/cetransfer sweep {' '.join(map(shlex.quote, WORDS))} " in done.stdout


@pytest.mark.slow
def test_a_sweep_that_is_reproduced_is_identical(swept, inside):
    project, _ = swept
    done = inside("reproduce", str(only_folder(project)), "--run", cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("identical: all ")


def test_status_shows_progress_and_the_best_so_far(swept, inside):
    project, _ = swept
    for words in (["sweep=small"], []):
        done = inside("sweep", "status", *words, cwd=project)
        assert done.returncode == 0
        assert "6 of 6" in done.stdout
        assert "best so far" in done.stdout


@pytest.mark.slow
def test_a_killed_sweep_goes_on_to_the_same_numbers(swept, tools, tmp_path):
    project = tools.make_project(tmp_path / "project")
    tools.kill_until_done(("sweep", *WORDS), project, first=7.0)
    document, table = read(only_folder(project))
    expected, expected_table = read(only_folder(swept[0]))
    pd.testing.assert_frame_equal(table, expected_table, check_exact=True)
    assert document["outer"] == expected["outer"]
    assert document["score"] == expected["score"]


@pytest.mark.slow
def test_a_process_for_each_study_gives_the_numbers_of_one_for_all(tools, tmp_path, swept):
    project = tools.make_project(tmp_path / "project")
    done = tools.call("sweep", *WORDS, "compute.workers=2", cwd=project)
    assert done.returncode == 0, done.stderr
    document, table = read(only_folder(project))
    expected, expected_table = read(only_folder(swept[0]))
    pd.testing.assert_frame_equal(table, expected_table, check_exact=True)
    assert document["outer"] == expected["outer"]


def children_of(process):
    """Return the ids of the processes that a process has started."""
    found = subprocess.run(
        ["/bin/ps", "--ppid", str(process.pid), "-o", "pid="],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(word) for word in found.stdout.split()]


def hunted(tools, project, words, seconds, every):
    """Run a sweep and kill a worker every so often, once there are any; return the kills."""
    process = tools.start("sweep", *words, cwd=project, stdout=subprocess.DEVNULL)
    kills = 0
    end = math.inf
    try:
        while process.poll() is None:
            time.sleep(every)
            workers = children_of(process)
            if workers:
                end = min(end, time.monotonic() + seconds)
            if workers and time.monotonic() < end and process.poll() is None:
                os.kill(workers[kills % len(workers)], signal.SIGKILL)
                kills += 1
    finally:
        if process.poll() is None:
            process.kill()
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    return kills


def is_whole(project, trials):
    """Check that no trial was lost or counted twice."""
    _, table = read(only_folder(project))
    for _, own in table.groupby("outer"):
        lost = own[own["state"] == "lost"]
        assert (own["state"] != "lost").sum() == trials
        assert sorted(lost["trial"]) == sorted(own["retry_of"].dropna())
        keys = [column for column in own if "." in column]
        for row in own[own["retry_of"].notna()].to_dict("records"):
            (before,) = own[own["trial"] == row["retry_of"]].to_dict("records")
            assert [row[key] for key in keys] == [before[key] for key in keys]
    return table


@pytest.mark.slow
def test_no_trial_is_lost_when_workers_are_killed(tools, tmp_path):
    project = tools.make_project(tmp_path / "project")
    words = (*WORDS, "compute.workers=2", "sweep.trials=12", "training.epochs=30")
    kills = hunted(tools, project, words, 16.0, 5.0)
    assert kills > 0
    is_whole(project, 12)


@pytest.mark.slow
def test_four_workers_killed_every_few_seconds_for_two_minutes_lose_nothing(tools, tmp_path):
    project = tools.make_project(tmp_path / "project")
    words = (*WORDS, "compute.workers=4", "sweep.trials=60", "training.epochs=150")
    kills = hunted(tools, project, words, 120.0, 3.0)
    table = is_whole(project, 60)
    assert kills > 20
    assert (table["state"] == "lost").sum() > 20


@pytest.mark.slow
def test_on_a_cluster_a_killed_worker_changes_no_number(tools, tmp_path, scheduler, start_worker):
    project = tools.make_project(tmp_path / "project")
    words = (*WORDS, "sweep.sampler=random", "sweep.pruner=none", "training.epochs=30")
    assert tools.call("sweep", *words, "output_dir=alone", cwd=project).returncode == 0
    first, _ = start_worker(), start_worker()
    cluster = ("compute=dask", f"compute.address={scheduler[1]}", "output_dir=cluster")
    process = tools.start("sweep", *words, *cluster, cwd=project, stdout=subprocess.DEVNULL)
    time.sleep(20)
    first.kill()
    assert process.wait(LIMIT) == 0
    columns = ["outer", "trial"]
    alone, shared = (
        read(project / folder)[1].sort_values(columns, ignore_index=True)
        for folder in ("alone", "cluster")
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=False, rtol=1e-6)


BAD = [
    (["sweep=smal"], "sweep has no option 'smal'; did you mean small?"),
    (["sweep.trails=3"], "did you mean sweep.trials?"),
    (["sweep.sampler=tep"], "did you mean tpe?"),
    (["sweep.outer_folds=1"], "null for none"),
    (["sweep.space={training.epochs:{int:{low:1,high:2}}}"], "added with ++sweep.space="),
    (["compute=locl"], "compute has no option 'locl'; did you mean local?"),
    (["compute.workers=0"], "compute.workers=0 is too small"),
    (["+sweep.space={training.epohcs:{int:{low:1,high:2}}}"], "did you mean training.epochs?"),
    (["+sweep.space={training.epochs:{_target_:os.system}}"], "_target_ is no distribution"),
    (["strategy=[target_only,freeze]"], "a trial trains one strategy"),
    (["protocol=draws"], "protocol=draws has no folds to nest a sweep in"),
    (["protocol=paper2023"], "has no folds to nest a sweep in"),
    (["output_dir=/proc/nowhere"], "cannot write to /proc/nowhere"),
    (["sweep.grace=0"], "sweep.grace=0.0 must be seconds"),
    (["sweep.storage=mysql://me:s3cret@host/db"], "sweep.storage=mysql://me:***@host/db is no"),
    (["sweep.storage=postgresql://me:s3cret@127.0.0.1:9/db"], "postgresql://me:***@127.0.0.1:9/db"),
]


def files_of(project):
    """Return what lies in a project, but for what SQLite has beside an open database."""
    return sorted(path for path in project.rglob("*") if not path.name.endswith(("-wal", "-shm")))


@pytest.mark.parametrize(("words", "message"), BAD, ids=lambda value: str(value)[:40])
def test_what_cannot_be_is_answered_in_one_line(inside, swept, words, message):
    project, _ = swept
    before = files_of(project)
    done = inside("sweep", *WORDS[1:], *words, cwd=project)
    assert done.returncode == 2
    assert message in done.stderr
    assert "s3cret" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("cetransfer: ")]
    assert lines == done.stderr.splitlines()[-1:]
    assert files_of(project) == before


def test_a_folder_of_another_sweep_is_refused_in_one_line(inside, swept):
    project, _ = swept
    done = inside("sweep", *WORDS, "seed=1", f"output_dir={only_folder(project)}", cwd=project)
    assert done.returncode == 2
    assert "holds a sweep with another search space" in done.stderr


def test_status_of_an_unknown_sweep_is_one_line(inside, swept):
    project, _ = swept
    done = inside("sweep", "status", "sweep=strategies", cwd=project)
    assert done.returncode == 2
    assert "sweep=strategies was not begun here" in done.stderr
