from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path

import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation.contrast import Contrast
from cetransfer.evaluation.result import stage
from cetransfer.models import folder
from cetransfer.settings import TrackingSettings
from cetransfer.tracking import comparison_log
from cetransfer.tracking.comparison_log import execution_of, log_comparison
from cetransfer.tracking.source_log import IDENTIFIER, source_runs
from cetransfer.tracking.store import database, open_store
from cetransfer.tracking.write import flatten, log_series
from cetransfer.training.source import source_nets

HASHES = {"toy.parquet": "0" * 64}


@pytest.fixture
def staged(finished, tmp_path):
    return stage(finished, tmp_path / "staged")


@pytest.fixture
def parent(store, finished, staged):
    return store.client.get_run(log_comparison(store, finished, staged, "one"))


def children(store, parent):
    found = store.client.search_runs(
        [store.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    return {run.info.run_name: run for run in found}


def artifacts(store, run, folder=None):
    return {entry.path for entry in store.client.list_artifacts(run.info.run_id, folder)}


def test_a_comparison_is_one_parent_with_a_child_for_each_line(store, parent, finished):
    lines = (*finished.strategies, *finished.baselines)
    assert set(children(store, parent)) == {line.name for line in lines}
    assert parent.info.status == "FINISHED"
    assert {run.info.status for run in children(store, parent).values()} == {"FINISHED"}


def test_the_parent_carries_its_files_and_its_configuration(store, parent, finished):
    assert artifacts(store, parent) == {
        "comparison.json",
        "intervals.parquet",
        "predictions.parquet",
        "strategies.csv",
        "parity.csv",
        "metrics.json",
        "config.yaml",
        "packages.json",
        "manifest.json",
    }
    assert parent.data.params["protocol.folds"] == "3"
    assert parent.data.params["strategy.freeze.layers"] == "1"
    assert parent.data.params["dataset.repair"] == "False"
    best = min(finished.strategies, key=lambda line: line.mae)
    assert parent.data.metrics["best_mae"] == best.mae
    assert parent.data.metrics["mae.zero_shot"] == finished.strategies[1].mae


def test_the_parent_names_code_data_features_and_source_nets(store, parent, finished):
    tags = parent.data.tags
    assert tags["cetransfer.kind"] == "comparison"
    assert tags["cetransfer.key"] == finished.document["key"]
    assert tags["features.schema"] == finished.document["feature_schema"]
    assert tags["data.toy_source.parquet"] == "0" * 64
    assert {"mlflow.source.git.commit", "git.dirty"} <= set(tags)
    for net in range(2):
        source = store.client.get_run(tags[f"source.{net}"])
        assert source.data.tags[IDENTIFIER] == finished.sources.identifier(net)


def test_every_run_says_what_it_rests_on(project, finished, tmp_path):
    (project / "data.dvc").write_text("outs:\n- md5: 0123abcd.dir\n  path: data\n")
    store = open_store(TrackingSettings(None, "cetransfer"), project)
    log_comparison(store, finished, stage(finished, tmp_path / "staged"), "one")
    runs = store.client.search_runs([store.experiment_id])
    kinds = {run.data.tags["cetransfer.kind"] for run in runs}
    assert kinds == {"comparison", "strategy", "baseline", "source"}
    for run in runs:
        assert {"mlflow.source.git.commit", "git.dirty"} <= set(run.data.tags)
        assert run.data.tags["dvc.data"] == "0123abcd.dir"
        assert run.data.tags["data.toy_source.parquet"] == "0" * 64


def test_an_execution_keeps_its_name_until_its_folder_goes(tmp_path):
    partial = tmp_path / "partial"
    first = execution_of(partial)
    assert execution_of(partial) == first
    assert execution_of(tmp_path / "other") != first


def parents(store):
    found = store.client.search_runs([store.experiment_id], "tags.`cetransfer.kind` = 'comparison'")
    return {run.info.run_id: run.info.status for run in found}


def test_one_execution_logs_its_comparison_once_and_another_logs_its_own(store, finished, staged):
    first = log_comparison(store, finished, staged, "one")
    assert log_comparison(store, finished, staged, "one") == first
    second = log_comparison(store, finished, staged, "two")
    assert parents(store) == {first: "FINISHED", second: "FINISHED"}


def test_a_deleted_run_of_an_execution_is_logged_anew(store, finished, staged):
    first = log_comparison(store, finished, staged, "one")
    store.client.delete_run(first)
    assert log_comparison(store, finished, staged, "one") != first


def test_what_a_kill_left_half_logged_is_marked_and_logged_anew(
    store, finished, staged, monkeypatch
):
    finish, seen = comparison_log.finish_run, []

    def killed(opened, run_id, *rest):
        seen.append(run_id)
        if len(seen) == 3:
            raise KeyboardInterrupt
        finish(opened, run_id, *rest)

    monkeypatch.setattr(comparison_log, "finish_run", killed)
    with pytest.raises(KeyboardInterrupt):
        log_comparison(store, finished, staged, "one")
    (half,) = parents(store)
    whole = log_comparison(store, finished, staged, "one")
    assert parents(store) == {half: "KILLED", whole: "FINISHED"}
    status = {run_id: store.client.get_run(run_id).info.status for run_id in seen[:3]}
    assert list(status.values()) == ["FINISHED", "FINISHED", "KILLED"]
    assert log_comparison(store, finished, staged, "one") == whole


def test_the_parent_carries_the_contrast_where_there_is_one(store, finished, staged):
    contrast = Contrast("fine_tune", "best_baseline", -0.05, -0.07, -0.03, 0.002)
    asked = dataclasses.replace(finished, contrast=contrast)
    metrics = store.client.get_run(log_comparison(store, asked, staged, "one")).data.metrics
    assert (metrics["contrast.delta"], metrics["contrast.p"]) == (-0.05, 0.002)


def test_a_child_carries_all_its_numbers_and_its_model(store, parent, finished):
    runs = children(store, parent)
    line = finished.strategies[2]
    run = runs["fine_tune"]
    for name in ("mae", "mae_single", "mae_unseen", "rmse", "r2", "delta", "p_corrected"):
        assert run.data.metrics[name] == pytest.approx(getattr(line, name))
    assert run.data.tags["verdict"] == line.verdict
    assert run.data.params["learning_rate"] == "0.001"
    assert artifacts(store, run, "model") == {"model/model.json", "model/target.safetensors"}
    assert run.data.tags["cetransfer.model"] == finished.document["models"]["fine_tune"]
    logged = store.client.download_artifacts(run.info.run_id, "model")
    assert folder.read(Path(logged))["id"] == run.data.tags["cetransfer.model"]
    history = store.client.get_metric_history(run.info.run_id, "train_loss")
    assert [metric.value for metric in history] == finished.losses["fine_tune"]


def test_a_reference_and_a_baseline_leave_out_what_they_have_not(store, parent):
    runs = children(store, parent)
    assert "p_corrected" not in runs["target_only"].data.metrics
    assert runs["svr"].data.tags["cetransfer.kind"] == "baseline"
    assert not artifacts(store, runs["svr"])
    assert "source.0" not in runs["svr"].data.tags


def test_the_logged_document_is_the_staged_one(store, parent, finished, tmp_path):
    path = store.client.download_artifacts(parent.info.run_id, "comparison.json", str(tmp_path))
    assert json.loads(Path(path).read_text()) == finished.document


def test_source_nets_are_logged_once(store, finished):
    (first,) = source_runs(store, finished.sources)
    assert len(set(first)) == 2
    assert source_runs(store, finished.sources) == [first]
    found = store.client.search_runs([store.experiment_id], "tags.`cetransfer.kind` = 'source'")
    assert {run.info.run_id for run in found} == set(first)


def test_the_run_of_a_source_net_says_what_made_it(store, finished):
    run = store.client.get_run(source_runs(store, finished.sources)[0][1])
    assert run.info.status == "FINISHED"
    assert run.data.params["net"] == "1"
    assert run.data.params["rows"] == "60"
    assert run.data.params["recipe.epochs"] == "4"
    assert run.data.tags["data.toy_source.parquet"] == "0" * 64
    history = store.client.get_metric_history(run.info.run_id, "train_loss")
    assert [metric.value for metric in history] == finished.sources.about["losses"]


def test_a_source_net_that_came_out_differently_gets_a_run_of_its_own(store, finished):
    (first,) = source_runs(store, finished.sources)
    other = dataclasses.replace(finished.sources, stack=copy.deepcopy(finished.sources.stack))
    other.stack.y_mean.add_(1.0)
    assert not set(source_runs(store, other)[0]) & set(first)


def test_in_a_sequence_each_net_names_the_run_it_started_from(
    store, settings, make_domain, tmp_path
):
    sources = [make_domain("one", 40, 0), make_domain("two", 50, 1)]
    first, second = source_runs(store, source_nets(settings, sources, "schema", tmp_path))
    tags = store.client.get_run(second[1]).data.tags
    assert tags["source.started_from"] == first[1]
    assert tags["data.two.parquet"] == "0" * 64
    assert "source.started_from" not in store.client.get_run(first[1]).data.tags


def test_a_deleted_run_of_a_source_net_is_logged_anew(store, finished):
    (first,) = source_runs(store, finished.sources)
    store.client.delete_run(first[0])
    (second,) = source_runs(store, finished.sources)
    assert second[0] != first[0]
    assert second[1] == first[1]


def test_a_store_that_refuses_a_run_is_a_users_error(
    project, finished, staged, capfd, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///file:{database(project)}?mode=ro&uri=true"

    def run():
        store = open_store(TrackingSettings(uri, "cetransfer"), project)
        log_comparison(store, finished, staged, "one")

    with pytest.raises(UserError, match="tracking"):
        run()
    assert "Traceback" not in capfd.readouterr().err


def test_a_long_training_is_logged_in_full(store):
    run_id = store.client.create_run(store.experiment_id).info.run_id
    log_series(store, run_id, "train_loss", [0.5] * 2500)
    history = store.client.get_metric_history(run_id, "train_loss")
    assert [metric.step for metric in history] == list(range(2500))


def test_a_tree_becomes_one_level_of_dotted_keys():
    assert flatten({"a": {"b": {"c": 1}, "d": [2]}, "e": None}) == {
        "a.b.c": 1,
        "a.d": [2],
        "e": None,
    }
