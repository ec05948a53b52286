from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import cetransfer.screening.worth.held_out as kept
from cetransfer.errors import UserError
from cetransfer.models.source_nets import StoredStart
from cetransfer.models.target_nets import Start
from cetransfer.networks.stack import MlpStack
from cetransfer.screening.worth import without_elements as training
from cetransfer.screening.worth.element_groups import (
    GROUPS,
    Held,
    coverage_of_groups,
    element_groups,
    holding,
)
from cetransfer.screening.worth.held_out import held_out_elements
from cetransfer.screening.worth.without_elements import Trial, without_elements
from cetransfer.transfer.strategy import make_strategy

PRESENT = [{"Sr", "Ti"}, {"Ba", "Ti"}, {"La", "Al"}, {"Cs", "B"}, {"Zr", "Ca"}, {"Sr"}]


def test_every_element_is_in_one_group():
    groups = element_groups(PRESENT, np.random.default_rng(0))
    assert len(groups) == GROUPS
    assert sorted(name for group in groups for name in group) == sorted(set().union(*PRESENT))
    assert {len(group) for group in groups} == {1, 2}
    assert element_groups(PRESENT, np.random.default_rng(0)) == groups


def test_few_elements_have_a_group_each():
    assert len(element_groups([{"Sr", "Ti"}], np.random.default_rng(0))) == 2


def test_a_row_belongs_to_the_group_of_any_of_its_elements():
    found = holding(PRESENT, frozenset({"Ti", "Ca"}))
    assert found.tolist() == [True, True, False, False, True, False]


def test_the_share_counts_a_compound_once_in_each_group():
    sites = pd.DataFrame({"A": ["Sr", "Ba", "La"], "B": ["Ti", "Ti", "Al"]})
    width = np.array([1.0, 2.0, 3.0])
    first = Held(frozenset({"Ti", "Al"}), sites, np.array([True, False, True]), width)
    second = Held(frozenset({"Sr"}), sites.iloc[:1], np.array([False]), np.array([4.0]))
    found = coverage_of_groups([first, second], np.random.default_rng(0))
    assert found["compounds"] == 4
    assert found["coverage"] == 0.5
    assert found["width"] == 2.5
    assert found["groups"] == [
        {"elements": ["Al", "Ti"], "compounds": 3, "coverage": pytest.approx(2 / 3)},
        {"elements": ["Sr"], "compounds": 1, "coverage": 0.0},
    ]
    assert found["low"] < 0.5 < found["high"]


def trial_of(name, settings, make_domain, rows=90):
    """Return a trial of a model with three folds of two networks, all but its numbers made up."""
    strategy = make_strategy(name, settings.strategy[name])
    members = [(fold, member) for fold in range(3) for member in range(2)]
    none = np.empty(0, np.int64)
    starts = [Start(none, 0, fold, (fold + member) % 2, member) for fold, member in members]
    model = SimpleNamespace(
        nets=SimpleNamespace(strategy=strategy),
        ensemble=(SimpleNamespace(starts=starts), {0: [0, 1], 1: [2, 3], 2: [4, 5]}),
        about={
            "members": [
                {"fold": None, "source": 0},
                *({"fold": fold, "source": member} for fold, member in members),
            ]
        },
        start=StoredStart(MlpStack(0, 6, settings.network)),
    )
    target = make_domain("toy_target", 144, 2)
    labelled = np.sort(np.random.default_rng(0).permutation(144)[:rows])
    return Trial(model, settings, (make_domain("toy_source", 100, 1),), target, labelled)


@pytest.mark.parametrize("name", ["target_only", "fine_tune"])
def test_no_network_sees_an_element_of_the_group(
    name, settings, make_domain, tmp_path, monkeypatch
):
    trial = trial_of(name, settings, make_domain)
    tasks = []
    fit = training.fit_target
    monkeypatch.setattr(training, "fit_target", lambda own: tasks.extend(own) or fit(own))
    found = without_elements(trial, tmp_path)
    sites = trial.target.sites
    assert len(tasks) == len(found["groups"]) == GROUPS
    for task, group in zip(tasks, found["groups"], strict=True):
        out = sites["A"].isin(group["elements"]) | sites["B"].isin(group["elements"])
        assert group["compounds"] == out.sum()
        trained = np.unique(np.concatenate([start.rows for start in task.starts]))
        assert trained.tolist() == [row for row in trial.labelled if not out[row]]
        # every row is left out by the two networks of one fold
        counts = np.bincount(np.concatenate([start.rows for start in task.starts]), minlength=144)
        assert set(counts[trained]) == {4}
        assert {start.source for start in task.starts} == {0, 1}
    assert found["compounds"] == sum(group["compounds"] for group in found["groups"])
    assert 0.0 <= found["low"] <= found["coverage"] <= found["high"] <= 1.0
    assert found["source_has_element"] is (name == "fine_tune")
    assert without_elements(trial, tmp_path) == found


def test_source_nets_that_are_not_to_know_an_element_are_trained_without_it(
    settings, make_domain, tmp_path
):
    settings.protocol.source_has_element = False
    trial = trial_of("fine_tune", settings, make_domain)
    found = without_elements(trial, tmp_path)
    assert found["source_has_element"] is False
    (about,) = (json.loads(path.read_text()) for path in tmp_path.rglob("model.json"))
    assert about["without"] == [group["elements"] for group in found["groups"]]


def test_too_few_rows_are_told(settings, make_domain, tmp_path):
    with pytest.raises(UserError, match="labelled rows without a group of elements are too few"):
        without_elements(trial_of("target_only", settings, make_domain, rows=8), tmp_path)


@pytest.fixture
def model():
    """Return as much of a model as deciding takes."""
    return SimpleNamespace(id="0123456789abcdef", calibration=object())


def test_what_cannot_be_asked_is_a_line(model, tmp_path, monkeypatch):
    assert held_out_elements(None, tmp_path) == (None, [f"{kept.UNKNOWN}no model was asked"])
    model.calibration = None
    _, (line,) = held_out_elements(model, tmp_path)
    assert line.endswith("model 0123456789abcdef has no intervals")
    model.calibration = object()

    def gone(*_):
        raise UserError("data/mine.csv is not here")

    monkeypatch.setattr(kept, "_worked_out", gone)
    assert held_out_elements(model, tmp_path) == (
        None,
        [f"{kept.UNKNOWN}data/mine.csv is not here"],
    )


def test_it_is_worked_out_once_also_after_it_was_killed(model, tmp_path, monkeypatch):
    asked = []

    def work(*_):
        asked.append(1)
        if len(asked) == 1:
            raise KeyboardInterrupt
        return {"coverage": 0.8}

    monkeypatch.setattr(kept, "_worked_out", work)
    with pytest.raises(KeyboardInterrupt):
        held_out_elements(model, tmp_path)
    assert not list(tmp_path.rglob("*.json"))
    found, notes = held_out_elements(model, tmp_path)
    assert (found, notes) == ({"model": model.id, "coverage": 0.8}, [])
    assert held_out_elements(model, tmp_path) == (found, [])
    assert len(asked) == 2
    (file,) = (tmp_path / kept.FOLDER).iterdir()
    file.write_text("{")
    assert held_out_elements(model, tmp_path) == (found, [])
    assert len(asked) == 3


def test_another_file_than_the_one_trained_on_is_told(
    model, settings, make_domain, tmp_path, monkeypatch
):
    domain = make_domain("toy", 40, 1)
    files = dict.fromkeys(domain.data.hashes, "1" * 64)
    model.about = {
        "config": dataclasses.asdict(settings),
        "data": [{"name": "toy", "role": "target", "files": files, "trained": "1-9"}],
    }
    monkeypatch.setattr("cetransfer.evaluation.case.load_domains", lambda *_: ((), domain))
    _, (line,) = held_out_elements(model, tmp_path)
    assert "toy.parquet is not the file that model 0123456789abcdef was trained on" in line
