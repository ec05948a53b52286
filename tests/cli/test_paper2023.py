"""The published procedure, with trainings of one epoch, on the published data."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from mlflow import MlflowClient

from cetransfer.evaluation.paper2023 import recipe
from cetransfer.evaluation.paper2023.training import ArmRun

ONE_EPOCH = recipe.Recipe(
    replace(recipe.PAPER.source, epochs=1, folds=1),
    replace(recipe.PAPER.target_only, epochs=1),
    replace(recipe.PAPER.transfer, epochs=1),
)
WORDS = ("compare", "dataset=li2023", "protocol=paper2023")


@pytest.fixture
def project(tmp_path, mirror, monkeypatch):
    assert mirror.is_dir()
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.setattr(recipe, "PAPER", ONE_EPOCH)
    return tmp_path


def test_published_repeated_and_leak_free_are_printed_written_and_logged(project, inside):
    done = inside(*WORDS, cwd=project)
    assert done.returncode == 0, done.stderr
    (output,) = (project / "outputs" / "compare").iterdir()
    assert {path.name for path in output.iterdir()} == {"paper2023.json", "paper2023.csv"}
    document = json.loads((output / "paper2023.json").read_text())
    # all rows: the suspect ones of the source are in the published procedure too
    assert (document["n_source"], document["n_target"]) == (5174, 855)
    assert document["config"]["features"]["table"] == "li2023"
    assert len(document["data_hashes"]) == 3
    table = pd.read_csv(output / "paper2023.csv")
    assert len(table) == (1 + 10 + 10) * 2
    for arm in ("target_only", "transfer"):
        for procedure in ("repeated", "leak_free"):
            assert f"{document[procedure][arm]['last']:.4f}" in done.stdout
    assert "0.132" in done.stdout
    assert "without the leaks" in " ".join(done.stdout.split())
    assert "steps" in done.stderr

    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("cetransfer").experiment_id
    (run,) = client.search_runs([experiment])
    assert run.info.status == "FINISHED"
    assert run.data.tags["cetransfer.key"] == document["key"]
    assert run.data.metrics["published.transfer"] == 0.106
    assert run.data.metrics["leak_free.transfer.last"] == document["leak_free"]["transfer"]["last"]
    assert run.data.params["recipe.transfer.learning_rate"] == "0.0005"
    assert len(client.get_metric_history(run.info.run_id, "fold.repeated.target_only")) == 10
    files = {entry.path for entry in client.list_artifacts(run.info.run_id)}
    assert {"paper2023.json", "paper2023.csv", "packages.json"} <= files


def test_what_was_trained_before_an_interruption_is_not_trained_again(project, inside, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    trained = []
    fold = ArmRun.run_fold

    def stopped(self, number, *rows):
        if (self.arm.place, number) == ("leak_free/target_only", 3):
            raise KeyboardInterrupt
        trained.append((self.arm.place, number))
        fold(self, number, *rows)

    def counted(self, number, *rows):
        trained.append((self.arm.place, number))
        fold(self, number, *rows)

    monkeypatch.setattr(ArmRun, "run_fold", stopped)
    assert inside(*WORDS, "output_dir=out", cwd=project).returncode == 130
    assert [path.name[:9] for path in (project / "out").iterdir()] == [".partial-"]
    monkeypatch.setattr(ArmRun, "run_fold", counted)
    assert inside(*WORDS, "output_dir=out", cwd=project).returncode == 0
    assert len(trained) == len(set(trained)) == (1 + 10 + 10) * 2
    assert {path.name for path in (project / "out").iterdir()} == {
        "paper2023.json",
        "paper2023.csv",
    }


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("dataset=surrogate", "give dataset=li2023"),
        ("features.shells=2", "leave out what makes features.shells 2"),
        ("experiment=quick", "leave out what makes network.activation silu"),
        ("training.epochs=3", "leave out what makes training.epochs 3"),
        ("protocol.members=5", "leave out what makes protocol.members 5"),
        ("dataset.exclude_suspects=true", "leave out what makes dataset.exclude_suspects true"),
        ("strategy=all", "leave out what makes strategy."),
    ],
)
def test_what_would_change_the_procedure_is_refused(inside, tmp_path, word, remedy):
    done = inside("compare", "protocol=paper2023", word, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("cetransfer: protocol=paper2023 is a fixed procedure")
    assert remedy in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_train_says_that_only_compare_runs_the_procedure(inside, project):
    done = inside("train", "protocol=paper2023", cwd=project)
    assert done.returncode == 2
    assert "`cetransfer compare protocol=paper2023`" in done.stderr
