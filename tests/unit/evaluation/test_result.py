from __future__ import annotations

import copy
import dataclasses
import json

import jsonschema
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation.documents import schema_of
from cetransfer.evaluation.result import publish, stage


def valid(document):
    jsonschema.validate(document, schema_of("comparison"))


def test_a_finished_comparison_follows_the_schema(finished):
    valid(finished.document)


@pytest.mark.parametrize(
    "violate",
    [
        lambda d: d.pop("strategies"),
        lambda d: d.pop("data_hashes"),
        lambda d: d.update(extra=1),
        lambda d: d.update(n_target="855"),
        lambda d: d.update(strategies=[]),
        lambda d: d["protocol"].update(folds=1),
        lambda d: d["strategies"][0].update(mae=-0.1),
        lambda d: d["strategies"][0].update(p_corrected=1.5),
        lambda d: d["strategies"][0].update(verdict="better"),
        lambda d: d["strategies"][0].pop("delta_low"),
        lambda d: d["strategies"][1].update(p_new_sources=1.5),
        lambda d: d["strategies"][1]["variance"].pop("source"),
        lambda d: d["coverage"]["strategies"]["freeze"].pop("width"),
        lambda d: d["protocol"].update(margin=-0.1),
        lambda d: d["plans"]["freeze"][0].update(origin="sky"),
    ],
)
def test_a_document_that_breaks_the_schema_is_refused(finished, tmp_path, violate):
    document = copy.deepcopy(finished.document)
    violate(document)
    with pytest.raises(jsonschema.ValidationError):
        stage(dataclasses.replace(finished, document=document), tmp_path / "staged")
    assert not list((tmp_path / "staged").glob("comparison.json"))


def test_a_number_that_is_none_is_never_written(finished, tmp_path):
    document = copy.deepcopy(finished.document)
    document["strategies"][0]["mae"] = float("nan")
    with pytest.raises((ValueError, jsonschema.ValidationError, UserError)):
        stage(dataclasses.replace(finished, document=document), tmp_path / "staged")


def test_the_staged_files_read_back(finished, tmp_path):
    staged = stage(finished, tmp_path / "staged")
    assert sorted(path.name for path in staged.iterdir()) == [
        "comparison.json",
        "intervals.parquet",
        "metrics.json",
        "parity.csv",
        "predictions.parquet",
        "strategies.csv",
    ]
    assert json.loads((staged / "comparison.json").read_text()) == finished.document
    pd.testing.assert_frame_equal(
        pd.read_parquet(staged / "predictions.parquet"), finished.predictions
    )
    pd.testing.assert_frame_equal(pd.read_parquet(staged / "intervals.parquet"), finished.intervals)


def test_the_small_files_hold_the_scores_of_the_document(finished, tmp_path):
    staged = stage(finished, tmp_path / "staged")
    document = finished.document
    lines = {line["name"]: line for line in (*document["strategies"], *document["baselines"])}
    scores = pd.read_csv(staged / "strategies.csv").set_index("name")
    metrics = json.loads((staged / "metrics.json").read_text())
    assert list(scores.index) == list(metrics) == list(lines)
    for name, line in lines.items():
        assert scores.loc[name, "mae_low"] == pytest.approx(line["mae_low"])
        assert metrics[name]["mae"] == line["mae"]
        assert metrics[name].get("p") == line["p_corrected"]
    assert scores["kind"].tolist().count("baseline") == len(document["baselines"])
    best = min(document["strategies"], key=lambda line: line["mae"])
    parity = pd.read_csv(staged / "parity.csv")
    assert set(parity["strategy"]) == {best["name"]}
    error = (parity["prediction"] - parity["formation_energy"]).abs().mean()
    assert error == pytest.approx(best["mae"])


def test_staging_starts_from_an_empty_folder(finished, tmp_path):
    (tmp_path / "staged").mkdir()
    (tmp_path / "staged" / "left_over.png").touch()
    assert not (stage(finished, tmp_path / "staged") / "left_over.png").exists()


@pytest.fixture
def places(tmp_path):
    staged, output = tmp_path / "staged", tmp_path / "output"
    for folder, text in ((staged, "new"), (output, "old")):
        folder.mkdir()
        for name in ("comparison.json", "predictions.parquet", "parity.png"):
            (folder / name).write_text(text)
    return staged, output


def test_publishing_replaces_an_earlier_result(places):
    staged, output = places
    publish(staged, output)
    assert {path.read_text() for path in output.iterdir()} == {"new"}
    assert not list(staged.iterdir())


def test_a_figure_of_an_earlier_result_that_this_one_lacks_goes(places):
    staged, output = places
    (output / "coverage.png").touch()
    publish(staged, output)
    assert not (output / "coverage.png").exists()


def test_files_of_the_user_beside_the_result_stay(places):
    staged, output = places
    (output / "notes.txt").write_text("mine")
    publish(staged, output)
    assert (output / "notes.txt").read_text() == "mine"


def test_the_document_comes_last(places):
    staged, output = places
    # a folder of that name cannot be replaced by a file
    (output / "predictions.parquet").unlink()
    (output / "predictions.parquet").mkdir()
    (output / "predictions.parquet" / "x").touch()
    with pytest.raises(UserError, match=r"cannot write .*output.*give output_dir=FOLDER"):
        publish(staged, output)
    assert (output / "comparison.json").read_text() == "old"


def test_a_later_run_that_fails_leaves_an_earlier_result_as_it_was(finished, tmp_path):
    output = tmp_path / "output"
    output.mkdir()
    publish(stage(finished, tmp_path / "staged"), output)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    broken = dataclasses.replace(finished, document={})
    with pytest.raises(jsonschema.ValidationError):
        publish(stage(broken, tmp_path / "staged"), output)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_a_curve_of_an_earlier_result_goes_where_the_new_one_has_none(places):
    staged, output = places
    for folder in places:
        (folder / "learning_curve.png").write_text("a curve")
    (output / "learning_curve.csv").write_text("old")
    publish(staged, output)
    assert (output / "learning_curve.png").read_text() == "a curve"
    assert not (output / "learning_curve.csv").exists()


def test_the_models_of_an_earlier_result_go_where_new_ones_come(finished, tmp_path):
    output, models = tmp_path / "output", tmp_path / "partial" / "models"
    for name in ("old", "fine_tune"):
        (output / "models" / name).mkdir(parents=True)
    (models / "fine_tune").mkdir(parents=True)
    (models / "fine_tune" / "model.json").touch()
    publish(stage(finished, tmp_path / "staged"), output, models)
    assert [path.name for path in (output / "models").iterdir()] == ["fine_tune"]
    assert (output / "models" / "fine_tune" / "model.json").is_file()
    # moved already, and killed: the rest is moved by the next call
    publish(stage(finished, tmp_path / "staged"), output, models)
    assert (output / "models" / "fine_tune" / "model.json").is_file()
