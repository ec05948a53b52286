"""`cetransfer register` and `promote`, and what `champion` means afterwards."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def base(copy_of_first, tmp_path_factory):
    """A project with a comparison, of which only the models are needed."""
    return copy_of_first(tmp_path_factory.mktemp("promote") / "project", "source", "features")


@pytest.fixture
def project(base, tmp_path):
    return shutil.copytree(base, tmp_path / "project", symlinks=True)


@pytest.fixture
def call(project, inside):
    """Call with words to run a command in the project, in this process."""
    return lambda *words: inside(*words, cwd=project)


def model(project, name):
    (folder,) = project.glob(f"outputs/compare/*/models/{name}")
    return folder


def identity(project, name):
    return json.loads((model(project, name) / "model.json").read_text())["id"]


def ask(project, statement, *values):
    with closing(sqlite3.connect(project / "mlruns" / "mlflow.db")) as connection:
        return connection.execute(statement, values).fetchall()


def champion(project):
    rows = ask(project, "SELECT version FROM registered_model_aliases WHERE alias = 'champion'")
    return rows[0][0] if rows else None


def tags(project, version):
    return dict(
        ask(project, "SELECT key, value FROM model_version_tags WHERE version = ?", version)
    )


def refused(done, *words):
    assert done.returncode == 2, done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("cetransfer: ")
    for word in words:
        assert word in line, line


def improve(project, name, by):
    """Make the stored errors of a strategy smaller, as if its comparison had found them."""
    (parent,) = project.glob("mlruns/artifacts/*/artifacts/comparison.json")
    for folder in (model(project, name).parents[1], parent.parent):
        table = pd.read_parquet(folder / "predictions.parquet")
        own = (table["strategy"] == name) & (table["part"] == "cross_validation")
        rest = (table["prediction"] - table["formation_energy"]) * (1.0 - by)
        better = table["formation_energy"] + rest
        table["prediction"] = np.where(own, better, table["prediction"])
        (folder / "predictions.parquet").unlink()
        table.to_parquet(folder / "predictions.parquet", index=False)


def test_the_first_model_becomes_the_champion_and_predicts(call, project):
    refused(call("predict", "champion", "SrTiO3"), "no champion yet", "cetransfer promote MODEL")
    done = call("promote", str(model(project, "target_only")))
    assert done.returncode == 0, done.stderr
    assert "is the champion now" in done.stdout
    assert champion(project) == 1
    told = tags(project, 1)
    assert told["cetransfer.model"] == identity(project, "target_only")
    assert told["promoted.over"] == "none before"
    by_name = call("predict", "champion", "SrTiO3")
    assert by_name.stdout == call("predict", str(model(project, "target_only")), "SrTiO3").stdout
    again = call("promote", str(model(project, "target_only")))
    assert again.returncode == 0
    assert "is the champion already" in again.stdout
    assert len(ask(project, "SELECT version FROM model_versions")) == 1


def test_the_champion_is_traced_to_its_data(call, project):
    assert call("promote", str(model(project, "fine_tune"))).returncode == 0
    done = call("lineage", "champion", "--verify")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("version 1 of cetransfer (champion)  ok")
    assert f"model {identity(project, 'fine_tune')}" in done.stdout.splitlines()[1]
    assert "data surrogate_spinel.parquet" in done.stdout
    assert "strategy fine_tune" in call("lineage", "models:/cetransfer/1").stdout


def test_the_champion_is_loaded_without_mlflow_and_training(call, project):
    call("promote", str(model(project, "target_only")))
    script = (
        "import sys, cetransfer\n"
        "print(cetransfer.load_model('champion').predict('SrTiO3')['model'][0])\n"
        "print(*sorted({'mlflow', 'pytorch_lightning', 'sqlalchemy'} & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout == f"{identity(project, 'target_only')}\n\n"


def test_a_model_that_is_not_better_is_refused_and_leaves_nothing(call, project, first):
    call("promote", str(model(project, "target_only")))
    done = call("promote", str(model(project, "fine_tune")))
    (line,) = (one for one in first.document["strategies"] if one["name"] == "fine_tune")
    refused(
        done,
        "is not better than the champion, version 1 of cetransfer",
        f"{line['delta']:+.4f} eV/atom",
        f"{line['delta_low']:+.4f} to {line['delta_high']:+.4f}",
        "corrected resampled t over 3 fold scores",
        '--force "REASON"',
    )
    assert champion(project) == 1
    assert len(ask(project, "SELECT version FROM model_versions")) == 1


def test_a_reason_promotes_it_all_the_same_and_is_stored_with_the_numbers(call, project):
    call("promote", str(model(project, "target_only")))
    reason = "it's newer, (really) = better"
    done = call("promote", str(model(project, "fine_tune")), "--force", reason)
    assert done.returncode == 0, done.stderr
    assert champion(project) == 2
    told = tags(project, 2)
    assert told["promoted.forced"] == reason
    assert told["promoted.over"].startswith("version 1 of cetransfer")
    assert {"promoted.delta", "promoted.low", "promoted.high", "promoted.p"} <= told.keys()
    # and back, after the comparison was removed: the packages know what they were scored on
    shutil.rmtree(project / "outputs")
    for folder in project.glob("mlruns/artifacts/*/artifacts/comparison.json"):
        folder.unlink()
    refused(call("promote", "models:/cetransfer/1"), "is not better than the champion, version 2")


def test_a_model_that_is_better_is_promoted(call, project):
    improve(project, "fine_tune", by=0.9)
    call("promote", str(model(project, "target_only")))
    done = call("promote", str(model(project, "fine_tune")))
    assert done.returncode == 0, done.stderr
    told = tags(project, 2)
    assert float(told["promoted.delta"]) < 0
    assert float(told["promoted.p"]) < 0.05
    assert "promoted.forced" not in told
    assert champion(project) == 2


@pytest.mark.slow
def test_models_that_were_scored_on_other_folds_cannot_be_tested(call, project, tools):
    call("promote", str(model(project, "target_only")))
    done = call("compare", *tools.TINY, "seed=1", "strategy=[target_only]", "output_dir=other")
    assert done.returncode == 0, done.stderr
    other = "other/models/target_only"
    refused(call("promote", other), "share 0 scored folds", "same dataset, protocol and seed")
    done = call("promote", other, "--force", "another seed")
    assert done.returncode == 0, done.stderr
    assert "share 0 scored folds" in tags(project, 2)["promoted.untested"]


def test_a_model_whose_comparison_is_not_here_cannot_be_tested(call, project, tmp_path):
    exported = tmp_path / "mine"
    call("export", str(model(project, "fine_tune")), f"output={exported}")
    call("promote", str(model(project, "target_only")))
    shutil.rmtree(project / "outputs")
    for file in project.glob("mlruns/artifacts/*/artifacts/comparison.json"):
        file.unlink()
    refused(call("promote", str(exported)), "the comparison that made model", "--force")


def test_registering_gives_a_version_and_moves_no_alias(call, project):
    done = call("register", str(model(project, "fine_tune")), "name=mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("version 1 of mine (model ")
    assert champion(project) is None
    again = call("register", str(model(project, "fine_tune")), "name=mine")
    assert "registered before" in again.stdout
    by_number = call("predict", "models:/mine/1", "SrTiO3")
    assert by_number.stdout == call("predict", str(model(project, "fine_tune")), "SrTiO3").stdout


def test_a_version_names_the_run_that_made_it(call, project):
    call("register", str(model(project, "fine_tune")))
    ((run,),) = ask(project, "SELECT run_id FROM model_versions")
    statement = "SELECT value FROM tags WHERE run_uuid = ? AND key = 'cetransfer.model'"
    assert ask(project, statement, run) == [(identity(project, "fine_tune"),)]


def test_a_moved_project_keeps_its_champion(call, project, inside):
    call("promote", str(model(project, "target_only")))
    moved = project.rename(project.with_name("moved"))
    done = inside("predict", "champion", "SrTiO3", cwd=moved)
    assert done.returncode == 0, done.stderr


def test_a_changed_byte_of_the_champion_is_one_line(call, project):
    call("promote", str(model(project, "target_only")))
    (file,) = project.glob("mlruns/artifacts/registered/*/*/data/model/target.safetensors")
    content = bytearray(file.read_bytes())
    content[5000] ^= 1
    file.write_bytes(content)
    refused(call("predict", "champion", "SrTiO3"), "target.safetensors was changed")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing",), ("there is no model 'nothing'",)),
        (("models:/cetransfer/7",), ("no registered model 'cetransfer'",)),
        (("{fine_tune}", "--force"), ("--force needs a value",)),
        (("{fine_tune}", "--force", " "), ("force has no reason",)),
        (("{fine_tune}", "name=a/b"), ("name=a/b is no name of a model",)),
        (("{fine_tune}", "nmae=a"), ("did you mean name?",)),
    ],
)
def test_what_cannot_be_done_is_one_line(call, project, words, told):
    fine_tune = str(model(project, "fine_tune"))
    refused(call("promote", *(word.format(fine_tune=fine_tune) for word in words)), *told)
    assert champion(project) is None


def test_a_locked_store_is_one_line(call, project):
    with closing(sqlite3.connect(project / "mlruns" / "mlflow.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        done = call("promote", str(model(project, "fine_tune")))
    refused(done, "tracking store", "database is locked", "end what holds it")
    assert champion(project) is None


def test_help_says_what_is_needed_to_become_champion(tools, tmp_path):
    done = tools.call("promote", "--help", cwd=tmp_path)
    for word in ('cetransfer promote MODEL [--force "REASON"]', "paired test", "tags"):
        assert word in done.stdout
