"""The table of README.md on accuracy, and when an experiment is run for it."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from unittest.mock import patch

import pytest

from cetransfer.composition import config_dir
from cetransfer.errors import UserError
from cetransfer.evaluation.baselines import BASELINES
from cetransfer.evaluation.comparison import compare

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
KEYS = PROJECT / "docs" / "site" / "configuration.md"
CHGNET = ["CHGNet 0.3.0", "Materials Project"]
TINY = (
    "strategy=[target_only,fine_tune]",
    "protocol.contrast=fine_tune",
    "network.hidden=[4]",
    "protocol.folds=3",
    "protocol.repeats=2",
    "protocol.members=1",
    "training.epochs=2",
    "training.source.epochs=1",
    "dataset.n_labelled=30",
)


@pytest.fixture(scope="module")
def table(load_benchmark):
    return load_benchmark("accuracy_table")


@pytest.fixture(scope="module")
def runner(table, load_benchmark):
    assert table
    return load_benchmark("accuracy")


@pytest.fixture
def accuracy(runner, table, tmp_path, monkeypatch):
    """Return the runner, in a project with a table that has no rows yet."""
    monkeypatch.setattr(runner, "PROJECT", tmp_path)
    (tmp_path / "README.md").write_text(f"Above\n{table.START}\n{table.END}\nBelow\n")
    return runner


@pytest.fixture(scope="module")
def real(compose, make_case, tmp_path_factory):
    """Return the document of a real comparison that takes a moment."""
    settings = compose(*TINY)
    root = tmp_path_factory.mktemp("accuracy")
    # whole, as a monkeypatch puts entries back in another order
    with patch.dict(BASELINES, {"mean": BASELINES["mean"]}, clear=True):
        return compare(settings, make_case(settings), root, root / "partial").document


@pytest.fixture
def document(real):
    return copy.deepcopy(real)


def cells(row):
    assert row.startswith("| ")
    assert row.endswith(" |\n")
    return [cell.strip() for cell in row.strip("|\n ").split("|")]


def test_a_row_says_what_the_comparison_found(table, document):
    own = next(line for line in document["strategies"] if line["name"] == "fine_tune")
    found = dict(zip(table.HEADER, cells(table.row("surrogate_855", document)), strict=True))
    assert found["experiment"] == "`surrogate_855`"
    assert (found["target"], found["source"]) == ("toy_target", "toy_source")
    assert found["labels"] == "30, 3-fold, 2 times"
    assert found["strategy"] == "`fine_tune`"
    low, high = own["mae_low"], own["mae_high"]
    assert found["MAE, eV/atom (95 %)"] == f"{own['mae']:.4f} ({low:.3f} to {high:.3f})"
    assert found["target_only"] == f"{document['strategies'][0]['mae']:.4f}"
    assert found["best baseline"] == f"{document['baselines'][-1]['mae']:.4f}"
    assert float(found["Δ best baseline"]) == pytest.approx(document["contrast"]["delta"], abs=1e-4)
    assert float(found["p"]) == pytest.approx(document["contrast"]["p"], abs=1e-4)
    assert found["at most"] == "0.062, missed"


def test_a_tiny_p_is_not_called_zero(table, document):
    document["contrast"]["p"] = 3e-9
    assert "<0.0001" in cells(table.row("li2023_any", document))


def test_draws_and_rows_left_out_are_told(table, document):
    document["protocol"]["draws"] = 5
    document["config"]["dataset"] |= {"n_labelled": 100, "exclude": ["equal_sites"]}
    assert cells(table.row("emery2017_any_100", document))[1:3] == [
        "toy_target, A ≠ B",
        "100, 5 draws",
    ]


@pytest.mark.parametrize(
    ("sources", "target", "assisted"),
    [
        ([CHGNET], ["Materials Project"], True),
        ([["calculations of Li et al."], CHGNET], ["Open Quantum Materials Database"], True),
        ([CHGNET], CHGNET, False),
        ([["calculations of Li et al."]], ["Materials Project"], False),
        ([[]], [], False),
    ],
)
def test_a_row_is_assisted_where_a_model_labelled_a_source_and_not_the_target(
    table, document, sources, target, assisted
):
    document["target"]["rests_on"] = target
    document["sources"] = [{"name": "one", "rows": 1, "rests_on": each} for each in sources]
    assert table.assisted(document) is assisted
    assert table.sources(document).endswith("(assisted)") is assisted


@pytest.mark.parametrize(
    ("bound", "word"), [(0.30, "reached"), (0.29, "within the interval"), (0.24, "missed")]
)
def test_a_bound_is_missed_only_below_the_interval(table, bound, word):
    assert table.reached({"mae": 0.30, "mae_low": 0.25, "mae_high": 0.35}, bound) == word


def test_rows_stand_in_one_order_and_others_stay(table, document, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"Above\n{table.START}\n{table.END}\nBelow\n")
    for name in ("surrogate_100", "li2023_any", "surrogate_100"):
        table.put(readme, name, table.row(name, document))
    assert readme.read_text() == (
        f"Above\n{table.START}\n{table.HEAD}{table.row('li2023_any', document)}"
        f"{table.row('surrogate_100', document)}{table.END}\nBelow\n"
    )


def test_a_file_without_a_place_for_the_table_is_left_alone(table, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"only {table.START}\n")
    with pytest.raises(UserError, match="no place for the table"):
        table.put(readme, "li2023_any", "| `li2023_any` |\n")
    assert readme.read_text() == f"only {table.START}\n"


def test_the_readme_has_the_table(table):
    shown = re.search(f"{table.START}\n(.*?){table.END}", README.read_text(), re.DOTALL).group(1)
    assert shown.startswith(table.HEAD)
    assert set(table.rows_of(shown)) <= set(table.AT_MOST)


def test_the_documentation_names_every_experiment(table):
    (choices,) = re.findall(r"^\| `experiment` \|.*$", KEYS.read_text(), re.MULTILINE)
    experiments = {path.stem for path in (config_dir() / "experiment").glob("*.yaml")}
    assert set(re.findall(r"`(\w+)`", choices)) == {"experiment"} | experiments
    assert set(table.AT_MOST) == experiments - {"quick", "screen_paper2023"}


@pytest.fixture
def runs(accuracy, document, monkeypatch):
    """Return the list of experiments run, each of which writes the document at once."""
    ran = []

    def run(experiment):
        ran.append(experiment)
        folder = accuracy.PROJECT / accuracy.OUTPUTS / experiment
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "comparison.json").write_text(json.dumps(document))

    monkeypatch.setattr(accuracy, "run", run)
    monkeypatch.setattr(accuracy, "key_of", lambda _: document["key"])
    return ran


def test_what_is_finished_is_not_run_again(accuracy, table, document, runs):
    readme = accuracy.PROJECT / "README.md"
    for _ in range(2):
        accuracy.tell(["li2023_any", "surrogate_100"], readme, table=False)
    assert runs == ["li2023_any", "surrogate_100"]
    assert table.row("li2023_any", document) in readme.read_text()


def test_what_was_made_with_other_settings_is_run_again(accuracy, runs, monkeypatch):
    readme = accuracy.PROJECT / "README.md"
    accuracy.tell(["li2023_any"], readme, table=False)
    monkeypatch.setattr(accuracy, "key_of", lambda _: "another")
    accuracy.tell(["li2023_any"], readme, table=False)
    assert runs == ["li2023_any"] * 2


@pytest.mark.parametrize("content", [None, "{"])
def test_the_table_alone_runs_nothing_and_says_what_is_not_there(accuracy, runs, capsys, content):
    readme = accuracy.PROJECT / "README.md"
    if content is not None:
        folder = accuracy.PROJECT / accuracy.OUTPUTS / "li2023_any"
        folder.mkdir(parents=True)
        (folder / "comparison.json").write_text(content)
    before = readme.read_text()
    accuracy.tell(["li2023_any"], readme, table=True)
    assert not runs
    assert readme.read_text() == before
    assert "li2023_any: no result" in capsys.readouterr().out


def test_an_unknown_experiment_is_refused_before_any_runs(accuracy, runs):
    with pytest.raises(UserError, match="did you mean surrogate_855"):
        accuracy.tell(["li2023_any", "surrogate_85"], accuracy.PROJECT / "README.md", table=False)
    assert not runs


def test_a_command_that_fails_is_named_with_its_status(accuracy, capfd):
    with pytest.raises(UserError, match="no_such ended with status 2"):
        accuracy.run("no_such")
    assert "experiment has no option 'no_such'" in capfd.readouterr().err
