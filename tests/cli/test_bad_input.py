from __future__ import annotations

import re
import shutil

import pandas as pd
import pytest
import torch

from cetransfer.datasets import fetch

WORDS = [
    (["comapre"], "did you mean compare?"),
    (["qqq"], "see `cetransfer --help`"),
    (["data"], "data needs another word: list, show, audit, label"),
    (["data", "lable"], "did you mean data label?"),
    (["compare", "protocol.fold=3"], "there is no key 'protocol.fold'; did you mean"),
    (["compare", "+nonsense=1"], "nonsense"),
    (["compare", "network=smal"], "network has no option 'smal'; did you mean small?"),
    (["compare", "protocol.folds=many"], "protocol.folds: Value 'many'"),
    (["compare", "protocol.folds=1"], "give 2 or more"),
    (["compare", "seed"], "'seed'"),
    (
        ["compare", "--foo"],
        "there is no flag --foo; did you mean --info? (keys are given as KEY=VALUE",
    ),
    (["compare", "--experimental-rerun", "x.pickle"], "there is no flag --experimental-rerun"),
    (["compare", "--config-dir", "nowhere"], "--config-dir nowhere is no folder"),
    (["lineage", "x", "--verfy"], "there is no flag --verfy; did you mean --verify?"),
    (["compare", "--confg-dir", "x"], "there is no flag --confg-dir; did you mean --config-dir?"),
    (["compare", "--cfg", "jobs"], "--cfg has no value 'jobs'; choose job, hydra, all"),
    (["compare", "strategy=a,b"], "give strategy=[a,b], or -m for runs"),
    (["compare", "training.epochs=abc"], "'abc' of type 'str' could not be converted to Integer; "),
    (["compare", "training.epochs=abc"], "; give a whole number"),
    (["compare", "training.weight_decay=abc"], "; give a number"),
    (["compare", "quiet=maybe"], "; give true or false"),
    (["sweep", "statu"], "sweep takes no word 'statu'; did you mean sweep status?"),
    (["predict"], "model has no value; give cetransfer predict MODEL INPUT..."),
    (["reproduce"], "id has no value; give cetransfer reproduce ID"),
    (["data", "show"], "name has no value; give cetransfer data show NAME"),
    (["compare", "strategy=[fine_tune]"], "add target_only to strategy=[...]"),
    (["compare", "strategy.freeze.layers=9"], "strategy.freeze.layers=9 cannot be frozen"),
    (["compare", "strategy.fine_tune.kind=[a]"], "strategy.fine_tune.kind="),
    (["compare", "strategy.fine_tune.learning_rate=fast"], "learning_rate=fast must be a number"),
    (["compare", "-m", "seed=0,1", "--cfg", "job"], "cfg"),
    (["compare", "--config-dir", "nowhere"], "nowhere"),
    (["data", "label"], "prototype has no value; give prototype=VALUE"),
    (["data", "label", "prototype=garnit"], "allowed: double_perovskite, fluorite, garnet"),
    (["data", "label", "prototype=garnet"], "choose elements, for example elements=[Ca,Al,Si]"),
    (["compare", "protocol=draw"], "protocol has no option 'draw'; did you mean draws?"),
    (["compare", "protocol.draws=3"], "belongs to protocol=draws or learning_curve, not to kfold"),
    (["compare", "protocol=draws", "protocol.draws=1"], "protocol.draws=1 is too small"),
    (["compare", "protocol.source_has_element=false"], "kfold holds out no elements"),
    (["compare", "training.source.nets=0"], "training.source.nets=0 is too small; give 1 or more"),
    (["compare", "training.source.nets=2.5"], "training.source.nets: Value '2.5'"),
    (["train", "training.accelerator=auto"], "accelerator=auto is unknown; choose cpu or gpu"),
    (["compare", "protocol.contrast=fine_tun"], "did you mean fine_tune? (choose one of"),
    (["compare", "protocol.contrast=svr"], "svr is none of the strategies compared; choose one of"),
    (["compare", "dataset.target.path=my.csv"], "there is no key 'dataset.target.path'"),
]


def refused(done, message):
    """Check that a command ended as every user's error does."""
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("cetransfer: ")]
    assert lines == done.stderr.splitlines()[-1:]
    assert done.stdout == ""
    return True


@pytest.mark.parametrize(("words", "message"), WORDS, ids=lambda value: str(value)[:40])
def test_a_wrong_word_is_answered_in_one_line(inside, tmp_path, words, message):
    (tmp_path / "dvc.yaml").touch()
    done = inside(*words, cwd=tmp_path)
    assert refused(done, message)
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["dvc.yaml"]


def test_a_sweep_with_one_wrong_value_runs_none(inside, prepared):
    words = ("features", "-m", "features.shells=1,0", "quiet=true")
    done = inside(*words, cwd=prepared)
    assert refused(done, "features.shells=0 is")


def test_the_real_command_ends_with_status_2_and_one_line(tools, tmp_path):
    done = tools.call("compare", "network=smal", cwd=tmp_path)
    assert refused(done, "did you mean small?")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


CHOICES = [
    (["protocol.folds=61"], "protocol.folds=61 is more than the 60 labelled rows"),
    (["protocol=draws", "dataset.n_labelled=2000"], "are 10000 rows, and the target has"),
    (["protocol=by_group"], "has no column group, which protocol=by_group needs"),
    (["protocol=by_a", "protocol.folds=80"], "protocol.folds=80 is more than the"),
    (["dataset.n_labelled=100000"], "dataset.n_labelled=100000: give 1 to"),
    (["dataset/source=[surrogate_perovskite]"], "are the same table"),
    (["dataset.order=[li2023_spinel]"], "must name each source once: surrogate_spinel"),
    (["+strategy.svr.kind=zero_shot"], "a baseline has that name"),
    (["features.table=closed"], "features.table=closed is unknown; allowed: open, li2023"),
    (["network.activation=swish"], "network.activation=swish is unknown; choose one of"),
    (["output_dir=dvc.yaml"], "cannot write to dvc.yaml"),
    (["output_dir=/proc/nowhere"], "cannot write to /proc/nowhere"),
    (["features_dir=dvc.yaml/features"], "dvc.yaml/features"),
    (["tracking.uri=abacus://x"], "abacus://x"),
]


@pytest.mark.parametrize(("words", "message"), CHOICES, ids=lambda value: str(value)[:40])
def test_a_choice_that_does_not_fit_is_answered_in_one_line(
    inside, tools, prepared, words, message
):
    done = inside("compare", *tools.TINY, *words, cwd=prepared)
    assert refused(done, message)
    assert not list((prepared / "outputs").rglob("comparison.json"))
    assert (prepared / "dvc.yaml").read_bytes() == b""


@pytest.mark.parametrize("command", ["compare", "train"])
def test_an_accelerator_that_is_not_there_is_named_with_the_remedy(
    inside, tools, prepared, command
):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    done = inside(command, *tools.TINY, "training.accelerator=gpu", cwd=prepared)
    assert refused(done, "give training.accelerator=cpu")


def test_a_broken_tracking_store_is_noticed_before_any_training(inside, tools, tmp_path):
    project = tools.make_project(tmp_path / "project")
    (project / "mlruns" / "mlflow.db").write_text("not a database " * 100)
    done = inside("compare", *tools.TINY, cwd=project)
    assert refused(done, "mlflow.db cannot be opened")
    assert "source, " not in done.stderr
    assert not list((project / "outputs").rglob("model.safetensors"))


def test_a_mirror_without_the_file_names_the_file(inside, tools, prepared, tmp_path, monkeypatch):
    monkeypatch.setenv("CETRANSFER_MIRROR", str(tmp_path))
    done = inside("compare", *tools.TINY, "dataset=li2023", cwd=prepared)
    assert refused(done, f"the mirror has no file {tmp_path}")
    assert "unset CETRANSFER_MIRROR" in done.stderr


def test_missing_data_is_answered_with_dvc_pull(inside, tools, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "files", lambda _: tmp_path / "package")
    (tmp_path / "dvc.yaml").touch()
    done = inside("compare", *tools.TINY, cwd=tmp_path)
    assert refused(done, "run `dvc pull`")
    assert "surrogate_spinel.parquet" in done.stderr


@pytest.fixture
def spoilt(tools, tmp_path):
    """Call with a function that spoils the target's table; returns the project."""

    def make(spoil):
        if not (tools.DATA / "surrogate_spinel.parquet").is_file():
            pytest.skip("no labelled tables: run `dvc pull`")
        data = tmp_path / "data"
        shutil.copytree(tools.DATA, data)
        path = data / "surrogate_perovskite.parquet"
        table = pd.read_parquet(path)
        row = int((table["flag"] == "").to_numpy().nonzero()[0][10])
        spoil(table, row).to_parquet(path)
        return tools.make_project(tmp_path / "project", data), table["formula"].iloc[row]

    return make


def without_energy(table, row):
    table.loc[row, "formation_energy"] = float("nan")
    return table


def infinite_energy(table, row):
    table.loc[row, "formation_energy"] = float("inf")
    return table


def twice(table, row):
    return pd.concat([table, table.iloc[[row]]], ignore_index=True)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_energy, "formation_energy is not a finite number"),
        (infinite_energy, "formation_energy is not a finite number"),
        (twice, "occur more than once"),
    ],
)
def test_a_bad_row_is_named(inside, tools, spoilt, spoil, message):
    project, formula = spoilt(spoil)
    done = inside("compare", *tools.TINY, cwd=project)
    assert refused(done, message)
    assert formula in done.stderr
    assert "surrogate_perovskite" in done.stderr
    assert len(done.stderr) < 500


def californium(table, row):
    table.loc[row, ["A", "formula"]] = ["Cf", f"Cf{table['B'].iloc[row]}O3"]
    return table


def test_an_element_without_properties_is_named_with_its_row(inside, tools, spoilt):
    project, _ = spoilt(californium)
    done = inside("features", *tools.TINY, cwd=project)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    line = done.stderr.splitlines()[-1]
    assert re.match(r"cetransfer: .*Cf\w+O3.*element Cf is not in the property table open", line)


def missing_column(table, _row):
    return table.drop(columns="B")


def test_a_table_without_a_column_is_named(inside, tools, spoilt):
    project, _ = spoilt(missing_column)
    done = inside("compare", *tools.TINY, cwd=project)
    assert refused(done, "surrogate_perovskite lacks the column B")


@pytest.fixture
def copied(copy_of_first, tmp_path):
    """Return a project of your own with stored features and source nets."""
    return copy_of_first(tmp_path / "project", "compare")


def test_a_changed_byte_in_a_source_net_is_noticed(inside, tools, copied):
    (path,) = copied.glob("outputs/source/*/model.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = inside("compare", *tools.TINY, cwd=copied)
    assert refused(done, "model.safetensors: the SHA-256 differs")
    assert str(path.parent) in done.stderr


@pytest.mark.parametrize("content", [b"", b"PAR1 torn"])
def test_a_damaged_features_file_is_named(inside, tools, copied, content):
    for path in copied.glob("outputs/features/*/*.parquet"):
        path.write_bytes(content)
    done = inside("features", *tools.TINY, cwd=copied)
    assert refused(done, "outputs/features/")
