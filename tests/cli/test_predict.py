"""`cetransfer predict` and `export`, as a user calls them."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from cetransfer.files import sha256

COLUMNS = [
    *("formula", "A", "B", "X", "formation_energy", "lower", "upper", "applicability", "model"),
]


@pytest.fixture(scope="module")
def project(copy_of_first, tmp_path_factory):
    return copy_of_first(tmp_path_factory.mktemp("predict") / "project", "source", "features")


@pytest.fixture(scope="module")
def folder(project):
    return next((project / "outputs" / "compare").glob("*/models/fine_tune"))


@pytest.fixture
def predict(project, tools):
    """Call with words to run predict in the project."""

    def run(*words):
        return tools.call("predict", *words, cwd=project)

    return run


def refused(done, *words):
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("cetransfer: ")
    for word in words:
        assert word in line, line


def test_a_comparison_leaves_a_model_of_every_strategy(first):
    for name, identity in first.document["models"].items():
        about = json.loads((first.folder / "models" / name / "model.json").read_text())
        assert about["id"] == identity
        assert about["commit"] == first.document["commit"]
    assert not list(first.folder.glob(".partial*"))


def test_the_run_of_a_strategy_holds_its_model_without_taking_room_twice(first):
    stored = first.project.glob("mlruns/artifacts/*/artifacts/model/target.safetensors")
    own = (first.folder / "models").glob("*/target.safetensors")
    assert {file.stat().st_ino for file in own} <= {file.stat().st_ino for file in stored}


def test_formulas_are_predicted_and_shown(predict, folder):
    done = predict(str(folder), "SrTiO3", "BaHfO3")
    assert done.returncode == 0, done.stderr
    for word in ("SrTiO3", "BaHfO3", "formation_energy in eV/atom", "applicability"):
        assert word in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_a_model_goes_by_its_id_and_by_comparison_and_strategy(predict, folder):
    identity = json.loads((folder / "model.json").read_text())["id"]
    by_path = predict(str(folder), "SrTiO3")
    for word in (identity, identity[:8], f"{folder.parents[1].name}/fine_tune"):
        assert predict(word, "SrTiO3").stdout == by_path.stdout


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_holds_every_row_and_the_id_of_the_model(predict, folder, tools, tmp_path, ending):
    output = tmp_path / f"predicted.{ending}"
    table = tools.DATA / "surrogate_perovskite.parquet"
    done = predict(str(folder), str(table), f"output={output}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(output)
    written = pd.read_csv(output) if ending == "csv" else pd.read_parquet(output)
    # the table's own columns stay, those with a name of ours under another one
    own = [name for name in pd.read_parquet(table) if name not in {"formula", "A", "B", "X"}]
    kept = [f"{name}_given" if name in COLUMNS else name for name in own]
    assert list(written) == [*COLUMNS, *kept]
    assert written["formation_energy_given"].equals(pd.read_parquet(table)["formation_energy"])
    assert len(written) == 5329
    assert set(written["model"]) == {json.loads((folder / "model.json").read_text())["id"]}
    assert (written["lower"] < written["upper"]).all()
    record = output.with_name(f"{output.name}.lineage.json")
    assert {path.name for path in tmp_path.iterdir()} == {output.name, record.name}
    told = json.loads(record.read_text())
    assert told["sha256"] == sha256(output)
    assert told["inputs"] == {str(table): sha256(table)}


def test_predictions_are_those_of_the_comparison(predict, first, folder, tools, tmp_path):
    output = tmp_path / "predicted.parquet"
    table = tools.DATA / "surrogate_perovskite.parquet"
    predict(str(folder), f"output={output}", str(table))
    told = pd.read_parquet(first.folder / "intervals.parquet")
    told = told[told["strategy"] == "fine_tune"].set_index("compound")
    found = pd.read_parquet(output).set_index("formula").loc[told.index]
    assert (found["formation_energy"] - told["prediction"]).abs().max() < 1e-6
    assert (found["lower"] - told["lower"]).abs().max() < 1e-6
    assert (found["upper"] - told["upper"]).abs().max() < 1e-6


def test_only_the_first_rows_of_a_long_table_are_printed(predict, folder, tools):
    done = predict(str(folder), str(tools.DATA / "surrogate_perovskite.parquet"), "shown=2")
    assert "and 5327 more; output=FILE.csv writes all of them" in done.stdout
    assert len(done.stdout.splitlines()) < 10


def test_a_crystal_is_read_from_its_file(predict, folder, cif):
    done = predict(str(folder), str(cif("my_perovskite")))
    assert "SrTiO3" in done.stdout


def test_a_table_is_not_written_over_with_its_predictions(predict, folder, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("formula\nSrTiO3\n")
    done = predict(str(folder), str(table), f"output={table}")
    assert done.returncode == 2
    assert "is what is read; give another name" in done.stderr
    assert table.read_text() == "formula\nSrTiO3\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("SrTiO3", "XxTiO3"), ("XxTiO3: 'Xx' is no element",)),
        (("Y2Ti2O7",), ("it is not of the form ABO3 of prototype perovskite",)),
        ((), ("there is nothing to predict",)),
        (("SrTiO3", "output=my.txt"), ("output=my.txt", ".csv or .parquet")),
        (("SrTiO3", "output=."), ("output=.", "ends in .csv")),
        (("SrTiO3", "output=/proc/my.csv"), ("cannot write /proc/my.csv", "output=")),
        (("SrTiO3", "output=none/my.csv"), ("there is no folder none", "output=")),
        (("none.csv",), ("cannot read none.csv",)),
        (("SrTiO3", "outptu=my.csv"), ("did you mean output?",)),
    ],
)
def test_what_cannot_be_done_is_one_line(predict, folder, words, told):
    refused(predict(str(folder), *words), *told)


def test_an_unknown_model_gets_the_nearest_name(predict, folder):
    name = folder.parents[1].name
    refused(predict(f"{name}/fine_tnue", "SrTiO3"), f"did you mean {name}/fine_tune?")


def test_no_output_is_left_where_something_goes_wrong(predict, folder, tmp_path):
    refused(predict(str(folder), "Sr2TiO4", f"output={tmp_path / 'my.csv'}"), "Sr2TiO4")
    assert not list(tmp_path.iterdir())


def test_a_changed_byte_is_one_line(predict, folder, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "changed")
    content = bytearray((changed / "target.safetensors").read_bytes())
    content[5000] ^= 1
    (changed / "target.safetensors").write_bytes(content)
    refused(predict(str(changed), "SrTiO3"), "target.safetensors was changed", "anew")


def test_an_exported_model_predicts_the_same_anywhere(predict, project, folder, tools, tmp_path):
    exported = tmp_path / "mine"
    done = tools.call("export", str(folder), f"output={exported}", cwd=project)
    assert done.returncode == 0, done.stderr
    assert (exported / "README.md").is_file()
    (tmp_path / "elsewhere").mkdir()
    done = tools.call("predict", "../mine", "SrTiO3", cwd=tmp_path / "elsewhere")
    assert done.stdout == predict(str(folder), "SrTiO3").stdout
    refused(
        tools.call("export", str(folder), f"output={exported}", cwd=project), "is there already"
    )


def test_an_export_goes_below_outputs_where_nothing_else_is_said(project, folder, tools):
    done = tools.call("export", str(folder), cwd=project)
    identity = json.loads((folder / "model.json").read_text())["id"]
    place = project / "outputs" / "models" / f"fine_tune-{identity}"
    assert done.stdout == f"model {identity}  {place}\n"
    assert (place / "model.json").is_file()


def test_help_says_what_a_model_and_an_input_are(tools, tmp_path):
    done = tools.call("predict", "--help", cwd=tmp_path)
    assert "cetransfer predict MODEL INPUT" in done.stdout
    assert "output: null" in done.stdout
