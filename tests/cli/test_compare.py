from __future__ import annotations

import re

import jsonschema
import pandas as pd
import pytest
from mlflow import MlflowClient

from cetransfer.evaluation.documents import schema_of

STRATEGIES = ["target_only", "zero_shot", "fine_tune"]
BASELINES = ["svr", "gaussian_process", "gradient_boosting", "extra_trees", "mean", "best_baseline"]
KEYS = ["strategy", "part", "repeat", "fold", "member", "compound"]


def test_the_output_folder_holds_the_result_and_nothing_else(first):
    assert sorted(path.name for path in first.folder.iterdir()) == [
        "comparison.json",
        "coverage.png",
        "intervals.parquet",
        "metrics.json",
        "models",
        "parity.csv",
        "parity.png",
        "predictions.parquet",
        "strategies.csv",
        "strategies.png",
    ]


def test_nothing_is_littered_beside_the_outputs(first):
    assert sorted(path.name for path in first.project.iterdir()) == [
        "data",
        "dvc.yaml",
        "mlruns",
        "outputs",
    ]
    assert sorted(path.name for path in (first.project / "outputs").iterdir()) == [
        "compare",
        "features",
        "source",
    ]


def test_the_document_follows_its_schema(first):
    jsonschema.validate(first.document, schema_of("comparison"))


def test_what_the_labels_of_the_source_rest_on_is_stated(first):
    (line,) = [line for line in first.document["notes"] if "Materials Project" in line]
    assert line.startswith("surrogate_spinel is labelled by CHGNet 0.3.0, which was trained on")
    assert first.document["sources"][0]["rests_on"] == ["CHGNet 0.3.0", "Materials Project"]


def test_the_document_says_what_was_asked(first):
    document = first.document
    assert document["dataset"] == "surrogate"
    (source,) = document["sources"]
    assert source["name"] == "surrogate_spinel"
    assert document["target"]["name"] == "surrogate_perovskite"
    assert document["n_target"] == len(document["labelled"]) == 60
    assert document["protocol"] == {
        "kind": "kfold",
        "folds": 3,
        "repeats": 1,
        "members": 2,
        "alpha": 0.05,
        "margin": 0.005,
        "source_has_element": True,
        "draws": None,
        "sizes": None,
        "contrast": None,
    }
    assert document["contrast"] is None
    assert document["protocol_words"] == "3-fold, 60 labelled rows"
    assert (document["test"], document["replicates"]) == ("corrected_t", 3)
    assert document["seed"] == 0
    assert document["config"]["training"]["epochs"] == 3
    assert [line["name"] for line in document["strategies"]] == STRATEGIES
    assert [line["name"] for line in document["baselines"]] == BASELINES
    assert set(document["plans"]) == set(STRATEGIES)
    hashes = document["data_hashes"]
    assert {"surrogate_spinel.parquet", "surrogate_perovskite.parquet"} <= set(hashes)


def test_each_split_says_which_baseline_stands_for_the_best(first):
    choices = first.document["best_baseline"]
    assert [(line["part"], line["fold"]) for line in choices] == [
        *(("cross_validation", fold) for fold in range(3)),
        ("unseen", None),
    ]
    table = first.predictions
    folds = table["fold"].fillna(-1)
    for line in choices:
        assert line["chosen"] == min(line["errors"], key=line["errors"].get)
        own = table[folds == (-1 if line["fold"] is None else line["fold"])]
        predicted = own.groupby("strategy")["prediction"].agg(list)
        assert predicted["best_baseline"] == predicted[line["chosen"]]


def test_there_is_one_prediction_per_net_and_scored_compound(first):
    table, document = first.predictions, first.document
    columns = [*KEYS[:-1], "source", "target_seed", "row", "compound", "A", "B"]
    assert list(table.columns) == [*columns, "formation_energy", "prediction"]
    assert not table.duplicated(KEYS).any()
    everything = document["n_target"] + document["n_unseen"]
    assert len(table) == len(STRATEGIES) * 2 * everything + len(BASELINES) * everything
    assert table["prediction"].notna().all()


def test_every_compound_never_trained_on_has_an_interval_per_strategy(first):
    table = pd.read_parquet(first.folder / "intervals.parquet")
    document = first.document
    assert len(table) == len(STRATEGIES) * document["n_unseen"]
    assert not table.duplicated(["strategy", "compound"]).any()
    assert (table["lower"] <= table["upper"]).all()
    holds = table["formation_energy"].between(table["lower"], table["upper"])
    for name, found in document["coverage"]["strategies"].items():
        assert holds[table["strategy"] == name].mean() == pytest.approx(
            found["overall"]["coverage"]
        )
        assert found["width"] <= found["width_unscaled"]


def test_luck_is_shared_out_and_odds_add_up(first):
    for line in first.document["strategies"][1:]:
        odds = line["p_better"] + line["p_equivalent"] + line["p_worse"]
        assert odds == pytest.approx(1.0)
        assert sum(share for share in line["variance"].values() if share) == pytest.approx(1.0)


def test_labelled_compounds_are_scored_in_folds_and_the_others_once(first):
    table = first.predictions
    scored = table[table["part"] == "cross_validation"]
    unseen = table[table["part"] == "unseen"]
    assert set(scored["compound"]) == set(first.document["labelled"])
    assert not set(scored["compound"]) & set(unseen["compound"])
    assert set(scored["fold"]) == {0, 1, 2}
    assert unseen["fold"].isna().all()


def test_the_scores_follow_from_the_predictions(first):
    table = first.predictions
    scored = table[(table["part"] == "cross_validation") & (table["strategy"] == "fine_tune")]
    ensemble = scored.groupby("compound")[["formation_energy", "prediction"]].mean()
    error = (ensemble["prediction"] - ensemble["formation_energy"]).abs()
    line = first.document["strategies"][2]
    assert line["mae"] == pytest.approx(error.mean())
    single = (scored["prediction"] - scored["formation_energy"]).abs()
    assert line["mae_single"] == pytest.approx(single.mean())
    assert line["delta"] == pytest.approx(line["mae"] - first.document["strategies"][0]["mae"])


def test_the_figures_are_png_files(first):
    for name in ("parity.png", "strategies.png", "coverage.png"):
        assert (first.folder / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_verdict_is_printed_and_progress_is_kept_out_of_it(first):
    out, err = first.done.stdout, first.done.stderr
    for line in (*first.document["strategies"], *first.document["baselines"]):
        assert re.search(rf"^ *{line['name']} .*{line['mae']:.4f}", out, re.MULTILINE)
    assert "Lowest error: " in out
    assert str(first.folder) in out
    assert "baselines" in err
    assert "Lowest error" not in err


def test_piped_output_is_plain_text(first):
    assert "\x1b" not in first.done.stdout + first.done.stderr
    assert "\r" not in first.done.stdout + first.done.stderr


def test_no_library_talks_to_the_user(first):
    for word in ("INFO", "WARNING", "Warning", "Traceback", "Lightning"):
        assert word not in first.done.stderr


def test_the_comparison_stands_in_the_tracking_store(first):
    client = MlflowClient(f"sqlite:///{first.project}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("cetransfer").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment])}
    parent = runs["compare surrogate"]
    assert parent.info.run_id in first.done.stdout
    children = [run for run in runs.values() if "mlflow.parentRunId" in run.data.tags]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert {run.info.run_name for run in children} == {*STRATEGIES, *BASELINES}
    assert len([name for name in runs if name.startswith("source ")]) == 2
    for line in first.document["strategies"]:
        assert runs[line["name"]].data.metrics["mae"] == line["mae"]
    files = {entry.path for entry in client.list_artifacts(parent.info.run_id)}
    assert {"comparison.json", "predictions.parquet", "parity.png", "strategies.png"} <= files


def same_numbers(one, other):
    pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)
    for part in ("strategies", "baselines"):
        assert one.document[part] == other.document[part]


@pytest.mark.slow
def test_a_fresh_project_gives_the_same_numbers_and_quiet_says_nothing_else(first, tools, tmp_path):
    project = tools.make_project(tmp_path / "project", store=False)
    done = tools.call("compare", *tools.TINY, "quiet=true", "output_dir=here", cwd=project)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "Lowest error: " in done.stdout
    same_numbers(first, tools.read(project / "here"))


@pytest.mark.slow
def test_a_strategy_may_have_the_name_of_a_folder_of_ours(copy_of_first, tools, inside, tmp_path):
    project = copy_of_first(tmp_path / "project", "compare")
    done = inside("compare", *tools.TINY, "+strategy.result.kind=zero_shot", cwd=project)
    assert done.returncode == 0
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("cetransfer").experiment_id
    (run,) = client.search_runs([experiment], "attributes.run_name = 'result'")
    files = {entry.path for entry in client.list_artifacts(run.info.run_id, "model")}
    assert files == {"model/model.json", "model/target.safetensors"}


@pytest.mark.slow
def test_a_sweep_runs_every_value_and_a_value_run_before_gives_the_same_again(
    first, copy_of_first, tools, inside, tmp_path, recwarn
):
    project = copy_of_first(tmp_path / "project")
    done = inside("compare", "-m", *tools.TINY, "seed=0,1", cwd=project)
    assert done.returncode == 0
    assert done.stdout.count("Lowest error: ") == 2
    assert not [warning for warning in recwarn if "Hydra" in str(warning.message)]
    repeated = tools.read(project / first.folder.relative_to(first.project))
    assert repeated.folder.stat().st_mtime_ns > first.folder.stat().st_mtime_ns
    assert repeated.document["source_nets"] == first.document["source_nets"]
    same_numbers(first, repeated)
    (folder,) = set((project / "outputs" / "compare").iterdir()) - {repeated.folder}
    other = tools.read(folder)
    assert other.document["seed"] == 1
    assert other.document["labelled"] == first.document["labelled"]
    assert other.document["strategies"] != first.document["strategies"]
    assert sorted(path.name for path in project.iterdir()) == [
        "data",
        "dvc.yaml",
        "mlruns",
        "outputs",
    ]
