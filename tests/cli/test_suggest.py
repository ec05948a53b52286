from __future__ import annotations

import json

import pandas as pd
import pytest

from cetransfer.settings import TrackingSettings
from cetransfer.tracking.records import KIND, open_records

ELEMENTS = "space.elements=[Sr,Ba,Ca,Ti,Zr,Hf,La,Al]"
COLUMNS = [
    *("rank", "formula", "A", "B", "prediction", "lower", "upper", "spread", "why"),
    "applicability",
]
SIMULATION = (
    *("suggest", "simulate", "network=small", "training.epochs=2", "training.source.epochs=2"),
    *("dataset.n_labelled=80", "n=5", "first=10", "rounds=1", "further=1", "seeds=2", "test=30"),
    *("protocol.members=2", "methods=[variance]"),
)


@pytest.fixture(scope="module")
def project(copy_of_first, tmp_path_factory):
    """A project with a finished comparison, to suggest and simulate in."""
    return copy_of_first(tmp_path_factory.mktemp("suggest") / "project")


@pytest.fixture(scope="module")
def model(project):
    """The word of a model of that comparison."""
    (folder,) = (project / "outputs" / "compare").iterdir()
    return f"{folder.name}/fine_tune"


def runs(project, kind):
    records = open_records(TrackingSettings(None, "cetransfer"), project)
    return records.runs(records.tagged(KIND, kind))


def outputs(project):
    return sorted((project / "outputs" / "suggest").iterdir())


def test_the_suggested_compounds_have_no_label_and_every_one_a_reason(
    project, model, first, inside
):
    done = inside("suggest", "n=5", f"model={model}", ELEMENTS, cwd=project)
    assert done.returncode == 0, done.stderr
    (output,) = outputs(project)
    table = pd.read_csv(output / "suggestions.csv")
    assert list(table) == COLUMNS
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert not set(table["formula"]) & set(first.document["labelled"])
    assert table["why"].str.len().min() > 5
    assert (table["spread"] > 0).all()
    assert (table["lower"] <= table["prediction"]).all()
    document = json.loads((output / "suggest.json").read_text())
    assert document["counts"]["candidates"] == 64
    assert document["command"] == f"cetransfer suggest n=5 model={model} '{ELEMENTS}'"
    assert any(name.endswith(".parquet") for name in document["data_hashes"])
    assert table["formula"][0] in done.stdout
    again = inside("suggest", "n=5", f"model={model}", ELEMENTS, cwd=project)
    assert "done before" in again.stderr
    assert done.stdout.startswith(again.stdout)
    (run,) = runs(project, "suggestion")
    assert run.tags["cetransfer.key"] == document["key"]
    assert {path.name for path in run.artifacts.iterdir()} > {"suggest.json", "suggestions.csv"}
    told = inside("lineage", run.id, "format=json", cwd=project)
    assert told.returncode == 0, told.stderr
    kinds = {node["kind"] for node in json.loads(told.stdout)["nodes"]}
    assert {"suggestion", "model", "data", "commit"} <= kinds


def test_what_got_a_label_since_is_left_out(project, model, inside, tmp_path):
    words = ("suggest", "n=3", f"model={model}", ELEMENTS, "method=uncertainty")
    assert inside(*words, f"output_dir={tmp_path / 'one'}", cwd=project).returncode == 0
    first = pd.read_csv(tmp_path / "one" / "suggestions.csv")
    first[["formula"]].to_csv(tmp_path / "new.csv", index=False)
    more = (f"labelled={tmp_path / 'new.csv'}", f"output_dir={tmp_path / 'two'}")
    assert inside(*words, *more, cwd=project).returncode == 0
    second = pd.read_csv(tmp_path / "two" / "suggestions.csv")
    assert not set(first["formula"]) & set(second["formula"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("method=varience",), "did you mean variance?"),
        (("n=0",), "n=0 is too small; give 1 or more"),
        (("n=100",), "n=100: of the 64 compounds of space abo3, "),
        (("space=spinel",), "give another model, or space=abo3"),
        (("space=a2bbo6",), "several elements share one site"),
        (("labelled=nowhere.csv",), "nowhere.csv"),
    ],
)
def test_what_cannot_be_suggested_is_one_clear_line(project, model, inside, words, expected):
    done = inside("suggest", f"model={model}", ELEMENTS, *words, cwd=project)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_model_whose_data_are_gone_is_told(project, model, inside, tmp_path):
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    (empty / "dvc.yaml").touch()
    folder = project / "outputs" / "compare" / model.replace("/", "/models/")
    done = inside("suggest", "n=2", f"model={folder}", ELEMENTS, cwd=empty)
    assert done.returncode == 2
    assert "was trained on is not here" in done.stderr


def test_a_simulation_writes_its_numbers_and_a_figure_and_is_not_done_twice(
    project, inside, tmp_path
):
    words = (*SIMULATION, f"output_dir={tmp_path}")
    done = inside(*words, cwd=project)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("simulation.csv", "simulation.json", "simulation.png", "simulation.svg")
    ]
    table = pd.read_csv(tmp_path / "simulation.csv")
    assert list(table) == ["seed", "method", "labels", "mae"]
    counts = table.groupby("method")["labels"].apply(list).to_dict()
    assert counts == {"random": [10, 15, 20] * 2, "variance": [10, 15] * 2}
    document = json.loads((tmp_path / "simulation.json").read_text())
    assert document["verdict"] in " ".join(done.stdout.split())
    again = inside(*words, cwd=project)
    assert "done before" in again.stderr
    assert done.stdout.startswith(again.stdout)
    (run,) = runs(project, "simulation")
    assert run.tags["verdict"] == document["verdict"]
    assert {path.name for path in run.artifacts.iterdir()} > {
        *(path.name for path in tmp_path.iterdir())
    }
    told = inside("lineage", run.id, "format=json", cwd=project)
    assert told.returncode == 0, told.stderr
    assert {"simulation", "data"} <= {node["kind"] for node in json.loads(told.stdout)["nodes"]}


def test_a_simulation_with_too_few_rows_is_refused(project, inside):
    done = inside(*SIMULATION, "n=50", cwd=project)
    assert done.returncode == 2
    assert "give smaller rounds, further, n, first or test" in done.stderr
