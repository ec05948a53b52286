"""Where numbers come from, on the command line: lineage, reproduce, sync."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from cetransfer.files import sha256


def git(*words, cwd):
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    done = subprocess.run(
        ["git", *who, *words],  # noqa: S607 - the machine's own git
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def result(copy_of_first, tmp_path_factory):
    """Return a project with a finished comparison, and the comparison's folder in it."""
    project = copy_of_first(tmp_path_factory.mktemp("tracing") / "project")
    (output,) = (project / "outputs" / "compare").iterdir()
    return project, output


def test_a_comparison_is_traced_to_its_data_and_verified(inside, result):
    project, output = result
    done = inside("lineage", str(output), "--verify", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("comparison ", "strategy fine_tune", "source nets ", "features ", "git commit"):
        assert words in done.stdout
    assert "data surrogate_spinel.parquet  000483ffb53a" in done.stdout
    assert "ok" in done.stdout.splitlines()[-1]
    assert "changed" not in done.stdout.splitlines()[-1]


def test_a_lineage_as_json_and_mermaid(inside, result):
    project, output = result
    done = inside("lineage", output.name, "format=json", cwd=project)
    document = json.loads(done.stdout)
    kinds = {node["kind"] for node in document["nodes"]}
    assert kinds == {"comparison", "strategy", "source_nets", "features", "data", "commit"}
    done = inside("lineage", "format=mermaid", f"id={output.name}", cwd=project)
    assert done.stdout.startswith("flowchart TD\n")


def test_a_changed_byte_ends_with_status_2(inside, result, tmp_path):
    project = shutil.copytree(result[0], tmp_path / "project", symlinks=True)
    (weights,) = (project / "outputs" / "source").glob("*/model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    done = inside("lineage", result[1].name, "--verify", "format=json", cwd=project)
    assert done.returncode == 2
    assert json.loads(done.stdout)["root"]
    (line,) = done.stderr.splitlines()
    assert line.startswith("cetransfer: 1 of ")
    assert "changed since: source_nets" in line


def test_descendants_of_a_row(inside, result):
    project, output = result
    table = pd.read_parquet(output / "predictions.parquet")
    row = int(table[table["part"] == "cross_validation"]["row"].iloc[0])
    for words in (
        ("--descendants", f"surrogate_perovskite:{row}"),
        (f"--descendants=surrogate_perovskite.parquet:{row}",),
    ):
        done = inside("lineage", *words, "format=json", cwd=project)
        found = json.loads(done.stdout)["descendants"]
        assert {"fine_tune", "target_only", "zero_shot"} <= {each["name"] for each in found}
        used = {each["name"]: each["how"] for each in found}
        # it learnt nothing of the target, there was only an error told of it
        assert used.pop("zero_shot") == "scored"
        assert set(used.values()) == {"trained"}
    done = inside("lineage", "--descendants", "surrogate_spinel", cwd=project)
    assert "fine_tune" in done.stdout
    assert "target_only" not in done.stdout


def test_rows_are_those_of_the_file(result):
    project, output = result
    given = pd.read_parquet(project / "data" / "surrogate_perovskite.parquet")
    told = pd.read_parquet(output / "predictions.parquet")
    compounds = given["formula"].iloc[told["row"] - 1].to_numpy()
    assert (compounds == told["compound"]).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lineage"], "give one of both"),
        (["lineage", "x", "--descendants", "y"], "give one of both"),
        (["lineage", "--descendants"], "--descendants needs a value"),
        (["lineage", "--descendants", "--verify"], "--descendants needs a value"),
        (["lineage", "x", "--verify=yes"], "--verify takes no value"),
        (["lineage", "zzz"], "nothing goes by 'zzz'"),
        (["lineage", "it's (odd)"], 'nothing goes by "it\'s (odd)"'),
        (["lineage", "/nowhere/at/all"], "nothing goes by '/nowhere/at/all'"),
        (["reproduce", "/nowhere/at/all"], "nothing goes by '/nowhere/at/all'"),
        (["lineage", ""], "an empty id names nothing"),
        (["lineage", "x", "format=tre"], "did you mean tree?"),
        (["lineage", "--descendants", "surrogate_spinell"], "did you mean surrogate_spinel"),
        (["lineage", "--descendants", "surrogate_spinel:0"], "counted from 1"),
        (
            ["lineage", "--descendants", "surrogate_perovskite:5330"],
            "surrogate_perovskite.parquet has 5329 rows; give a row from 1 to 5329",
        ),
        (["lineage", "champion"], "there is no champion yet"),
        (["reproduce", "models:/cetransfer/7"], "there is no registered model 'cetransfer'"),
        (["lineage", "--descendants", "x", "--verify"], "--verify is about the lineage of an id"),
        (["reproduce"], "id has no value"),
        (["reproduce", "zzz"], "nothing goes by 'zzz'"),
        (["sync", "tracking.uri=http://127.0.0.1:9"], "does not answer"),
        (["lineage", "x", "tracking.uri=abacus://x"], "abacus://x cannot be read"),
    ],
)
def test_mistakes_are_told_in_one_line(inside, result, words, message):
    done = inside(*words, cwd=result[0])
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("cetransfer: ")
    assert message in line


def test_sync_without_a_store_says_so(inside, tmp_path):
    done = inside("sync", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no store" in done.stderr
    assert not list(tmp_path.iterdir())


def test_help_says_what_the_exit_status_means(tools, tmp_path):
    for command, words in (
        ("lineage", "2 when something is changed"),
        ("reproduce", "0 if identical"),
        ("sync", "2 when runs still wait"),
    ):
        assert words in tools.call(command, "--help", cwd=tmp_path).stdout


def test_a_prediction_file_is_traced_and_a_changed_one_is_found_out(inside, result, tmp_path):
    project, output = result
    model, path = str(output / "models" / "fine_tune"), tmp_path / "mine.csv"
    assert inside("predict", model, "SrTiO3", f"output={path}", cwd=project).returncode == 0
    done = inside("lineage", str(path), "--verify", "format=json", cwd=project)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (node,) = (each for each in document["nodes"] if each["kind"] == "prediction")
    assert (node["state"], node["reason"]) == ("ok", str(path))
    table = pd.read_csv(path)
    table["formation_energy"] += 1e-9
    # also without the column that names the model
    table.drop(columns="model").to_csv(path, index=False)
    done = inside("lineage", str(path), "--verify", cwd=project)
    assert done.returncode == 2
    assert "prediction mine.csv" in done.stderr
    path.with_name("mine.csv.lineage.json").unlink()
    done = inside("lineage", str(path), "--verify", cwd=project)
    assert "has no column model" in done.stderr


def test_reproduce_of_a_model_without_its_comparison_takes_its_own_configuration(
    inside, result, tmp_path
):
    _, output = result
    alone = tmp_path / "alone"
    (alone / "models").mkdir(parents=True)
    (alone / "dvc.yaml").touch()
    shutil.copytree(output / "models" / "fine_tune", alone / "models" / "default")
    done = inside("reproduce", "default", cwd=alone)
    assert done.returncode == 0, done.stderr
    command = done.stdout.splitlines()[-1]
    assert command.startswith(".venv/bin/cetransfer compare experiment=quick ")
    assert "training.epochs=3" in command


def predicted(inside, output, project):
    """Predict something with the default model of a project, and return the file."""
    (project / "models").mkdir(exist_ok=True)
    shutil.copytree(output / "models" / "fine_tune", project / "models" / "default")
    path = project / "mine.parquet"
    words = ("predict", "default", "SrTiO3", "BaHfO3", f"output={path}")
    assert inside(*words, cwd=project).returncode == 0
    return path


@pytest.mark.slow
def test_reproduce_of_predictions_ends_with_predicting_the_same_again(inside, result, tmp_path):
    (tmp_path / "dvc.yaml").touch()
    path = predicted(inside, result[1], tmp_path)
    done = inside("reproduce", path.name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    *_, trained, command = done.stdout.splitlines()
    made = next(word for word in trained.split() if word.startswith("output_dir="))[11:]
    assert command == (
        f".venv/bin/cetransfer predict {made}/models/fine_tune SrTiO3 BaHfO3 "
        f"output={Path(made).with_name('predictions.parquet')}"
    )
    # one that was changed is no longer what the record speaks of
    pd.read_parquet(path).head(1).to_parquet(path)
    done = inside("reproduce", path.name, cwd=tmp_path)
    assert " compare " in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_reproduce_runs_predictions_again_and_compares_them(tools, inside, result, tmp_path):
    alone = tools.make_project(tmp_path / "alone")
    path = predicted(inside, result[1], alone)
    done = tools.call("reproduce", path.name, "--run", cwd=alone)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "identical: all 6 numbers, bit for bit"


@pytest.mark.slow
def test_reproduce_runs_a_model_again_and_compares_its_weights(tools, result, tmp_path):
    _, output = result
    alone = tools.make_project(tmp_path / "alone")
    shutil.copytree(output / "models" / "fine_tune", alone / "models" / "default")
    done = tools.call("reproduce", "default", "--run", cwd=alone)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("identical: all ")


@pytest.mark.slow
def test_reproduce_prints_the_commands(inside, result):
    project, output = result
    done = inside("reproduce", output.name, cwd=project)
    command = done.stdout.splitlines()[-1]
    assert command.startswith(".venv/bin/cetransfer compare experiment=quick ")
    for word in ("dataset.n_labelled=60", "protocol.folds=3", "training.epochs=3"):
        assert word in command
    assert "network" not in command
    assert "data.dvc" not in done.stdout


@pytest.mark.slow
def test_reproduce_runs_them_and_compares_bit_for_bit(tools, result, tmp_path):
    project = shutil.copytree(result[0], tmp_path / "project", symlinks=True)
    before = {path: sha256(path) for path in result[1].iterdir() if path.is_file()}
    done = tools.call("reproduce", result[1].name, "--run", cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("identical: all ")
    output = project / "outputs" / "compare" / result[1].name
    assert {path: sha256(path) for path in result[1].iterdir() if path.is_file()} == before
    table = pd.read_parquet(output / "predictions.parquet")
    table.loc[7, "prediction"] += 1e-12
    table.to_parquet(output / "predictions.parquet", index=False)
    done = tools.call("reproduce", result[1].name, "--run", "quiet=true", cwd=project)
    assert done.returncode == 2
    assert "1 of " in done.stderr
    assert f"row {table['row'][7]}" in done.stderr


@pytest.mark.slow
def test_reproduce_of_an_older_commit_runs_in_a_worktree(tools, tmp_path):
    repository = tmp_path / "repository"
    root = tools.DATA.parent
    repository.mkdir()
    for name in ("src", "conf"):
        shutil.copytree(
            root / name, repository / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("dvc.yaml", "data.dvc", ".gitignore", "requirements.lock"):
        shutil.copy(root / name, repository / name)
    (repository / "data").symlink_to(root / "data", target_is_directory=True)
    (repository / ".gitignore").write_text("/data\n/outputs/\n/mlruns/\n__pycache__\n")
    git("init", "-q", cwd=repository)
    git("add", "-A", cwd=repository)
    git("commit", "-qm", "first", cwd=repository)
    path = {"PYTHONPATH": str(repository / "src")}
    words = (*tools.TINY, "strategy=[target_only]")
    done = tools.call("compare", *words, cwd=repository, **path)
    assert done.returncode == 0, done.stderr
    text = (repository / "conf" / "network" / "small.yaml").read_text()
    (repository / "conf" / "network" / "small.yaml").write_text(text.replace("128", "96"))
    git("commit", "-qam", "second", cwd=repository)
    (output,) = (repository / "outputs" / "compare").iterdir()
    done = tools.call("lineage", output.name, "--verify", cwd=repository, **path)
    assert done.returncode == 0, done.stdout
    done = tools.call("reproduce", output.name, cwd=repository, **path)
    lines = done.stdout.splitlines()
    commit = json.loads((output / "comparison.json").read_text())["commit"]
    assert lines[0] == f"git checkout {commit}"
    assert "network" not in lines[-1]
    done = tools.call("reproduce", output.name, "--run", cwd=repository, **path)
    assert done.returncode == 0, done.stderr
    assert "running in" in done.stderr
    assert "checkout" in done.stderr
    assert done.stdout.splitlines()[-1].startswith("identical")
    listed = git("worktree", "list", cwd=repository)
    assert len(listed.splitlines()) == 1


@pytest.mark.slow
def test_a_server_that_stops_in_the_middle_of_a_comparison(
    tools, copy_of_first, mlflow_server, tmp_path
):
    project = copy_of_first(tmp_path / "project", "compare")
    shutil.rmtree(project / "mlruns")
    mlflow_server.start()
    words = ("compare", *tools.TINY, f"tracking.uri={mlflow_server.address}")
    running = tools.start(*words, cwd=project)
    # it has found the server and goes on to train
    while not (project / "mlruns" / "mlflow.db").exists() and running.poll() is None:
        time.sleep(0.1)
    while not list((project / "outputs").glob("compare/*/.partial-*/strategies")):
        assert running.poll() is None
        time.sleep(0.05)
    mlflow_server.stop()
    _, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert "does not answer" in errors
    done = tools.call("sync", cwd=project)
    assert done.returncode == 2
    mlflow_server.start()
    done = tools.call("sync", cwd=project)
    assert done.returncode == 0, done.stderr
    counts = []
    for file in (project / "mlruns" / "mlflow.db", mlflow_server.database):
        with sqlite3.connect(file) as connection:
            (runs,) = connection.execute("SELECT count(*) FROM runs").fetchone()
            (metrics,) = connection.execute("SELECT count(*) FROM metrics").fetchone()
            counts.append((runs, metrics))
    assert counts[0] == counts[1]
    assert done.stdout == f"{counts[0][0]} runs sent\n"
    assert tools.call("sync", cwd=project).stdout == "nothing waits to be sent\n"
