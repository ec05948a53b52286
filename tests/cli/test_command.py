from __future__ import annotations

import subprocess
import sys
import time

import pandas as pd
import pytest

import cetransfer
from cetransfer.cli import COMMANDS, run

HEAVY = ("torch", "mlflow", "pandas", "hydra", "sklearn", "matplotlib", "pymatgen", "numpy")


@pytest.mark.parametrize("module", ["cetransfer", "cetransfer.cli"])
def test_importing_is_light(module):
    code = f"import sys, {module}; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [(), ("--help",), ("compare", "--help")])
def test_help_comes_at_once_and_writes_nothing(tools, tmp_path, words):
    took = []
    for _ in range(2):
        began = time.perf_counter()
        done = tools.call(*words, cwd=tmp_path)
        took.append(time.perf_counter() - began)
        assert done.returncode == 0
        assert done.stderr == ""
    assert min(took) < 2.0
    assert not list(tmp_path.iterdir())


def test_help_teaches_the_commands_by_example(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert name in shown
        assert command.help in shown
    assert "cetransfer compare experiment=quick" in shown
    assert "strategy=[target_only,fine_tune]" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_the_examples_of_the_help_are_right(compose_words):
    from cetransfer.cli import EXAMPLES

    examples = [line.split() for line in EXAMPLES.splitlines() if "cetransfer compare" in line]
    assert len(examples) >= 4
    for words in examples:
        compose_words([word for word in words[2:] if "=" in word])


@pytest.fixture
def compose_words():
    from cetransfer.composition import compose_all

    return lambda words: compose_all("cetransfer compare", "config", words)


def test_the_help_of_a_command_names_groups_options_and_keys(tools, tmp_path):
    shown = tools.call("compare", "--help", cwd=tmp_path).stdout
    for text in ("network: default, paper, small", "strategy: ", "n_labelled: 855", "folds: 10"):
        assert text in shown
    assert shown.startswith("cetransfer")


def test_the_version_is_told(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"cetransfer {cetransfer.__version__}\n"


def test_the_composed_configuration_is_shown_without_running(tools, tmp_path):
    done = tools.call("compare", "seed=3", "network=small", "--cfg", "job", cwd=tmp_path)
    assert done.returncode == 0
    assert "\nseed: 3\n" in done.stdout
    assert "hydra:" not in done.stdout
    assert not list(tmp_path.iterdir())


def test_the_files_behind_the_configuration_are_shown(tools, tmp_path):
    done = tools.call("compare", "experiment=quick", "--info", "defaults", cwd=tmp_path)
    assert done.returncode == 0
    assert "experiment/quick" in done.stdout
    assert "network/small" in done.stdout
    assert not list(tmp_path.iterdir())


def test_an_own_yaml_file_joins_the_options(tools, tmp_path):
    (tmp_path / "own" / "network").mkdir(parents=True)
    text = "hidden: [7]\nactivation: relu\ndropout: 0.0\n"
    (tmp_path / "own" / "network" / "mine.yaml").write_text(text)
    words = ("--config-dir", "own", "network=mine", "--cfg", "job", "--package", "network")
    done = tools.call("compare", *words, cwd=tmp_path)
    assert done.returncode == 0
    assert "hidden:\n- 7\n" in done.stdout


@pytest.mark.parametrize("words", [("--help",), ("compare", "--help")])
def test_a_reader_who_stops_reading_is_no_error(tools, tmp_path, words):
    process = tools.start(*words, cwd=tmp_path)
    process.stdout.close()
    err = process.stderr.read()
    process.wait(timeout=60)
    assert err == ""


def test_features_are_written_with_rows_and_columns_named(inside, prepared):
    done = inside("features", "features=a", cwd=prepared)
    assert done.returncode == 0
    source, target, exchanged = done.stdout.splitlines()
    assert exchanged.startswith("surrogate_perovskite_exchanged: ")
    assert source.startswith("surrogate_spinel: ")
    path = target.split()[-1]
    table = pd.read_parquet(path)
    assert table.columns[:4].tolist() == ["formula", "A", "B", "X"]
    assert f"{len(table)} rows, {len(table.columns) - 4} columns" in target


def test_a_sweep_over_features_writes_each_and_litters_nothing(inside, prepared, recwarn):
    before = set(prepared.rglob("*"))
    done = inside("features", "-m", "features=b,ab", "quiet=true", cwd=prepared)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 6
    assert done.stderr == ""
    assert not [warning for warning in recwarn if "Hydra" in str(warning.message)]
    new = {path.relative_to(prepared).parts[:2] for path in set(prepared.rglob("*")) - before}
    assert new == {("outputs", "features")}


def test_a_command_works_from_any_folder_of_the_project(inside, prepared):
    inner = prepared / "notebooks"
    inner.mkdir()
    done = inside("features", "features=b_ce", cwd=inner)
    assert done.returncode == 0
    assert str(prepared / "outputs" / "features") in done.stdout
    assert not list(inner.iterdir())


def test_train_keeps_and_logs_the_source_nets_that_compare_uses(inside, first, prepared, tools):
    key = first.document["source_nets"]["key"]
    done = inside("train", *tools.TINY, cwd=prepared)
    assert done.returncode == 0
    assert str(prepared / "outputs" / "source" / key) in done.stdout
    assert f"{key}/0" in done.stdout
    assert f"{key}/1" in done.stdout
