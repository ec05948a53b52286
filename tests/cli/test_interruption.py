from __future__ import annotations

import signal
import time

import pandas as pd
import pytest
from mlflow import MlflowClient

from cetransfer.evaluation import result as files_of_a_comparison

LIMIT = 120.0


@pytest.fixture
def project(copy_of_first, tmp_path):
    """Return a project without source nets and with an earlier result in `out`."""
    folder = copy_of_first(tmp_path / "project", "compare", "source")
    (folder / "out").mkdir()
    for name in ("comparison.json", "predictions.parquet", "parity.png", "strategies.png"):
        (folder / "out" / name).write_text("an earlier result")
    return folder


def earlier_is_whole(project):
    files = [path for path in (project / "out").iterdir() if path.is_file()]
    return len(files) == 4 and {path.read_text() for path in files} == {"an earlier result"}


def wait_for(condition, process):
    end = time.monotonic() + LIMIT
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.slow
def test_ctrl_c_ends_with_one_line_and_leaves_nothing_half_written(tools, project):
    words = (*tools.TINY, "training.source.epochs=2000", "output_dir=out")
    process = tools.start("compare", *words, cwd=project)
    for line in process.stderr:
        if line.startswith("source"):
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert err.strip().startswith("cetransfer: interrupted")
    assert len(err.strip().splitlines()) == 1
    assert earlier_is_whole(project)
    assert not list((project / "outputs" / "source").glob("*"))
    assert not list(project.rglob("*.tmp"))


@pytest.mark.slow
def test_after_a_kill_the_same_command_goes_on_to_the_same_numbers(first, tools, project, inside):
    words = ("compare", *tools.TINY, "output_dir=out")
    process = tools.start(*words, cwd=project)
    kept = ".partial-*/strategies/fine_tune/model.json"
    wait_for(lambda: list((project / "out").glob(kept)), process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert earlier_is_whole(project)

    done = inside(*words, cwd=project)
    assert done.returncode == 0
    assert "target_only: taken from the interrupted run" in done.stderr
    result = tools.read(project / "out")
    pd.testing.assert_frame_equal(result.predictions, first.predictions, check_exact=True)
    for part in ("strategies", "baselines", "labelled", "key"):
        assert result.document[part] == first.document[part]
    assert not list((project / "out").glob(".partial-*"))


def comparisons(project):
    """Return the ids of all runs of comparisons."""
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("cetransfer").experiment_id
    found = client.search_runs([experiment], "tags.`cetransfer.kind` = 'comparison'")
    return {run.info.run_id for run in found}


@pytest.mark.slow
def test_a_kill_before_the_files_are_moved_does_not_log_the_comparison_twice(
    tools, project, inside, monkeypatch
):
    words = ("compare", *tools.TINY, "output_dir=out")
    before = comparisons(project)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(files_of_a_comparison, "publish", killed)
        assert inside(*words, cwd=project).returncode == 130
    (logged,) = comparisons(project) - before
    assert earlier_is_whole(project)

    done = inside(*words, cwd=project)
    assert done.returncode == 0
    assert f"run {logged} in" in done.stdout
    assert comparisons(project) - before == {logged}
    assert tools.read(project / "out").document["n_target"] == 60
    assert not list((project / "out").glob(".partial-*"))

    # the same command once more, after it came to its end, is a comparison of its own
    assert inside(*words, cwd=project).returncode == 0
    assert len(comparisons(project) - before) == 2
