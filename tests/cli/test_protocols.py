"""Protocols other than K-fold, as the command line takes them."""

from __future__ import annotations

import jsonschema
import pandas as pd
import pytest
from mlflow import MlflowClient

from cetransfer.evaluation.documents import schema_of


@pytest.fixture(scope="module")
def project(copy_of_first, tmp_path_factory):
    """Return a project with features and source nets."""
    return copy_of_first(tmp_path_factory.mktemp("protocols") / "project", "compare")


@pytest.fixture
def compared(tools, inside, project):
    """Call with a name and words to get a result that follows its schema."""

    def compare(name, *words):
        done = inside("compare", *tools.TINY, *words, f"output_dir={name}", cwd=project)
        assert done.returncode == 0, done.stderr
        result = tools.read(project / name)
        jsonschema.validate(result.document, schema_of("comparison"))
        result.printed = " ".join(done.stdout.split())
        result.said = done.stderr
        return result

    return compare


@pytest.mark.slow
def test_draws_share_no_row_and_are_tested_on_the_rows_of_none(compared):
    words = ("protocol=draws", "dataset.n_labelled=30", "protocol.contrast=fine_tune")
    result = compared("draws", *words)
    document, table = result.document, result.predictions
    rows = document["target"]["rows"]
    assert len(set(document["labelled"])) == 5 * 30
    assert set(table["compound"]).isdisjoint(document["labelled"])
    assert set(table["part"]) == {"draw"}
    assert set(table["fold"]) == set(range(5))
    keys = ["strategy", "part", "repeat", "fold", "member", "compound"]
    assert not table.duplicated(keys).any()
    assert (document["test"], document["replicates"]) == ("paired_t", 5)
    assert f"(5 draws of 30 labelled rows, tested on {rows - 150})" in result.printed
    assert "p: paired t over 5 draws" in result.printed
    assert document["contrast"]["strategy"] == "fine_tune"
    assert "Asked in advance: fine_tune's error is" in result.printed
    assert f"{document['contrast']['delta_low']:+.4f} to" in result.printed
    # the source nets of the first comparison serve here too
    assert "source nets: " in result.said


@pytest.mark.slow
def test_elements_held_out_on_a_can_be_kept_from_the_source(compared):
    result = compared("by_a", "protocol=by_a", "protocol.source_has_element=false")
    document, table = result.document, result.predictions
    folds = table[table["part"] == "cross_validation"].groupby("fold")["A"].agg(set)
    assert len(folds) == 3
    assert not folds[0] & folds[1]
    for audited in document["leakage"][:3]:
        assert set(audited["held"]) == folds[audited["fold"]]
        assert audited["source"] < document["n_source"]
    assert document["leakage"][3]["source"] == document["n_source"]
    assert (document["test"], document["replicates"]) == ("sign_flip", 3)
    assert "3 folds of held-out A elements, new to the source too, 60 labelled" in result.printed


@pytest.mark.slow
def test_train_makes_the_source_nets_that_compare_will_ask_for(compared, tools, inside, project):
    words = ("protocol=by_element", "protocol.source_has_element=false", "seed=3")
    done = inside("train", *tools.TINY, *words, cwd=project)
    assert done.returncode == 0, done.stderr
    # three folds and the nets on all labelled rows, two members each
    assert done.stdout.count("MLflow run") == 8
    assert "taken from" in compared("by_element", *words).said


@pytest.mark.slow
def test_a_learning_curve_opens_in_pandas_and_stands_in_the_store(compared, project):
    words = ("protocol=learning_curve", "protocol.sizes=[5,10]", "training.source.nets=7")
    result = compared("curve", *words)
    # five draws of two members are three blocks of two source nets each
    assert "1 of 7 source nets start no network" in result.said
    assert result.document["source_nets"]["used"] == 6
    curve = pd.read_csv(result.folder / "learning_curve.csv")
    assert set(curve["n_labelled"]) == {5, 10}
    assert (curve["mae"] > 0).all()
    assert set(result.document["crossover"]) == {"zero_shot", "fine_tune"}
    assert "last gain" in result.printed
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("cetransfer").experiment_id
    key = f"tags.`cetransfer.key` = '{result.document['key']}'"
    runs = {run.info.run_name: run.info.run_id for run in client.search_runs([experiment], key)}
    files = {entry.path for entry in client.list_artifacts(runs["compare surrogate"])}
    assert {"learning_curve.csv", "learning_curve.png"} <= files
    models = {entry.path for entry in client.list_artifacts(runs["fine_tune"], "model")}
    # of the largest number of rows
    assert models == {"model/model.json", "model/target.safetensors"}


def test_the_users_groups_are_held_out_whole(compared, project):
    table = pd.read_parquet(project / "data" / "surrogate_perovskite.parquet")
    table = table[table["flag"] == ""].sample(56, random_state=0)
    batches = [f"batch {row % 7}" for row in range(56)]
    table[["formula", "formation_energy"]].assign(batch=batches).to_csv(
        project / "my.csv", index=False
    )
    result = compared(
        "by_group",
        "protocol=by_group",
        "dataset/target=tabular",
        "dataset.target.path=my.csv",
        "dataset.target.prototype=perovskite",
        "dataset.target.unit=eV/atom",
        "dataset.target.columns.group=batch",
        "dataset.n_labelled=null",
    )
    folds = result.predictions.groupby("group")["fold"].nunique()
    assert folds.to_dict() == {f"batch {number}": 1 for number in range(7)}
    assert (result.document["test"], result.document["replicates"]) == ("sign_flip", 3)
