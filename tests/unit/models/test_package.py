"""Packages for MLflow, of models that answer."""

from __future__ import annotations

import json

import mlflow.pyfunc
import pandas as pd
import pytest
import yaml

from cetransfer.errors import UserError
from cetransfer.models.folder import read
from cetransfer.models.load import load
from cetransfer.tracking.package import write_package


@pytest.fixture(scope="module")
def package(compared, tmp_path_factory):
    place = tmp_path_factory.mktemp("package") / "whole"
    scored = pd.DataFrame({"error": [0.1, 0.2]})
    write_package(compared().result.models["fine_tune"], place, {"scored.parquet": scored})
    return place


def test_mlflow_loads_it_and_answers_its_example(package):
    loaded = mlflow.pyfunc.load_model(str(package))
    example = loaded.input_example
    answer = loaded.predict(example)
    expected = load(package / "data" / "model").predict(example)
    assert answer["formation_energy"].tolist() == expected["formation_energy"].tolist()
    assert loaded.metadata.get_input_schema().input_names() == ["formula"]
    assert loaded.metadata.get_output_schema().input_names() == list(answer)


def test_it_has_the_model_the_wheel_and_exact_requirements(package):
    about = yaml.safe_load((package / "MLmodel").read_text())
    assert about["flavors"]["python_function"]["loader_module"] == "cetransfer.models.pyfunc"
    assert about["metadata"]["cetransfer.model"] == read(package / "data" / "model")["id"]
    first, *others = (package / "requirements.txt").read_text().split()
    assert (package / first).is_file()
    assert all("==" in line for line in others)
    assert pd.read_parquet(package / "scored.parquet")["error"].tolist() == [0.1, 0.2]


def test_nothing_in_it_is_a_pickle_or_names_a_registry_or_this_machine(package):
    for path in package.rglob("*"):
        if path.is_dir():
            continue
        content = path.read_bytes()
        assert path.suffix not in {".pkl", ".pickle", ".pt", ".joblib"}
        assert not content.startswith(b"\x80"), path
        if path.suffix in {".txt", ".yaml", ".json"} or path.name == "MLmodel":
            assert b"http" not in content, path
            assert b"index-url" not in content, path
            assert str(package.parent).encode() not in content, path


def test_what_lies_beside_the_model_does_not_go_along(folder, tmp_path):
    (folder / "stranger.pkl").write_bytes(b"\x80\x04N.")
    write_package(folder, tmp_path / "place", {})
    assert not list((tmp_path / "place").rglob("stranger*"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_changed_model_is_not_packaged(folder, tmp_path):
    with (folder / "target.safetensors").open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(UserError, match="was changed"):
        write_package(folder, tmp_path / "place", {})
    assert {path.name for path in tmp_path.iterdir()} == {folder.name}


def test_a_whole_package_stays_and_a_damaged_one_is_made_anew(folder, tmp_path):
    place = tmp_path / "place"
    write_package(folder, place, {})
    (place / "mark").touch()
    write_package(folder, place, {})
    assert (place / "mark").exists()
    with (place / "data" / "model" / "target.safetensors").open("ab") as stream:
        stream.write(b" ")
    write_package(folder, place, {})
    assert not (place / "mark").exists()
    assert json.loads((place / "data" / "model" / "model.json").read_text()) == read(folder)
