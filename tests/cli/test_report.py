"""`cetransfer report`: what it takes, what it writes, what it refuses."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest


@pytest.fixture(scope="module")
def project(copy_of_first, tmp_path_factory):
    """Return a project with a finished comparison; reports are all that is added."""
    return copy_of_first(tmp_path_factory.mktemp("reported") / "project")


@pytest.fixture(scope="module")
def reported(project, tools):
    """Return the folder of the report that the installed command wrote, and what it printed."""
    # the run of a strategy is part of its comparison
    done = tools.call("report", runs(project)["fine_tune"], cwd=project)
    assert done.returncode == 0, done.stderr
    (output,) = (project / "outputs" / "compare").iterdir()
    return project / "outputs" / "report" / output.name, done


def runs(project):
    """Return the ids of runs by their name."""
    with sqlite3.connect(project / "mlruns" / "mlflow.db") as store:
        return {name: id_ for id_, name in store.execute("SELECT run_uuid, name FROM runs")}


def test_a_comparison_becomes_one_page_with_figures_and_numbers(reported):
    folder, done = reported
    assert done.stdout.strip() == f"report  {folder / 'report.html'}"
    document = json.loads((folder / "report.json").read_text())
    for kind, place in (("png", "figures"), ("svg", "figures"), ("csv", "data")):
        names = {path.stem for path in (folder / place).glob(f"*.{kind}")}
        assert names >= set(document["figures"])
    assert {"elements_of_data", "source_parity"} <= {*document["figures"]}
    html = (folder / "report.html").read_text()
    assert len(html) < 8_000_000
    assert document["verdict"].split(" (")[0] in html
    for value in document["data_hashes"].values():
        assert value in html
    assert document["limits"]
    assert any("cetransfer compare" in line for line in document["command"])
    assert not list(folder.parent.glob(".*"))


def test_a_report_is_traced_and_made_again_as_its_result_is(reported, project, inside):
    folder, _ = reported
    done = inside("lineage", str(folder / "report.html"), "--verify", cwd=project)
    assert done.returncode == 0, done.stderr
    first, second, *_ = done.stdout.splitlines()
    assert first == f"report {folder.name}  ok"
    assert second.startswith(
        f"└── comparison compare surrogate  run {runs(project)['compare surrogate']}"
    )
    done = inside("reproduce", str(folder), cwd=project)
    assert ".venv/bin/cetransfer compare " in done.stdout


def test_the_same_command_again_draws_nothing(reported, project, inside):
    folder, _ = reported
    before = (folder / "report.html").stat().st_mtime_ns
    done = inside("report", runs(project)["fine_tune"], cwd=project)
    assert done.returncode == 0
    assert "done before" in done.stderr
    assert (folder / "report.html").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("no-such-run", "nothing goes by 'no-such-run'"),
        ("0123456789abcdef0123456789abcdef", "nothing goes by"),
        ("data", "holds no result"),
        ("", "an empty name"),
    ],
)
def test_a_run_that_is_not_there_is_told(project, inside, word, said):
    done = inside("report", word, cwd=project)
    assert done.returncode == 2
    assert done.stderr.startswith("cetransfer: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_word_the_remedy_is_told(project, inside):
    done = inside("report", cwd=project)
    assert done.returncode == 2
    assert "run has no value" in done.stderr


def test_a_run_without_predictions_is_told(project, inside, tmp_path):
    (output,) = (project / "outputs" / "compare").iterdir()
    shutil.copytree(output, tmp_path / "bare", ignore=shutil.ignore_patterns("*.parquet"))
    done = inside("report", str(tmp_path / "bare"), cwd=project)
    assert done.returncode == 2
    assert "predictions.parquet is missing" in done.stderr
    assert not (project / "outputs" / "report" / "bare").exists()


def test_a_run_that_ended_early_is_told(project, inside, tmp_path):
    copied = tmp_path / "project"
    shutil.copytree(project, copied, symlinks=True)
    run = runs(copied)["target_only"]
    for document in (copied / "mlruns" / "artifacts").rglob("comparison.json"):
        document.unlink()
    done = inside("report", run, cwd=copied)
    assert done.returncode == 2
    assert "has no result that a report is made of" in done.stderr


def test_a_damaged_document_is_told(project, inside, tmp_path):
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "comparison.json").write_text("{")
    done = inside("report", str(tmp_path / "damaged"), cwd=project)
    assert done.returncode == 2
    assert "is damaged" in done.stderr


def test_a_folder_with_something_else_is_not_replaced(project, inside, tmp_path):
    (output,) = (project / "outputs" / "compare").iterdir()
    (tmp_path / "mine.txt").touch()
    done = inside("report", output.name, f"output_dir={tmp_path}", cwd=project)
    assert done.returncode == 2
    assert "holds no report" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
