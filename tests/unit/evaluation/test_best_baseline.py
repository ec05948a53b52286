from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.baselines import BASELINES, BEST
from cetransfer.evaluation.best_baseline import (
    SPLIT,
    best_predictions,
    choices,
    chosen_baselines,
    inner_errors,
)
from cetransfer.evaluation.predictions import baseline_predictions

NAMES = list(BASELINES)


def errors_of(*rows):
    """Return a table of inner errors: fold 0, 1, ... and last the split without a fold."""
    folds = [*range(len(rows) - 1), None]
    return pd.DataFrame(
        [
            {
                "part": "unseen" if fold is None else "cross_validation",
                "repeat": 0,
                "fold": fold,
                **dict(zip(NAMES, row, strict=True)),
            }
            for fold, row in zip(folds, rows, strict=True)
        ]
    ).astype({"fold": "Int64"})


def test_the_lowest_inner_error_is_chosen_split_by_split():
    errors = errors_of(
        [0.3, 0.4, 0.2, 0.4, 0.9], [0.1, 0.4, 0.2, 0.3, 0.05], [0.5, 0.6, 0.5, 0.5, 0.6]
    )
    assert chosen_baselines(errors).tolist() == ["gradient_boosting", "mean", "svr"]
    assert [line["fold"] for line in choices(errors)] == [0, 1, None]
    assert choices(errors)[1] == {
        "part": "cross_validation",
        "repeat": 0,
        "fold": 1,
        "chosen": "mean",
        "errors": {
            "svr": 0.1,
            "gaussian_process": 0.4,
            "gradient_boosting": 0.2,
            "extra_trees": 0.3,
            "mean": 0.05,
        },
    }


def test_where_there_was_nothing_to_choose_by_it_is_the_first():
    nothing = [float("nan")] * 5
    errors = errors_of(nothing, [float("nan"), 0.2, 0.3, 0.4, 0.5])
    assert chosen_baselines(errors).tolist() == ["svr", "gaussian_process"]
    assert choices(errors)[0]["errors"] == dict.fromkeys(NAMES)


def test_its_predictions_are_those_of_the_chosen_ones(settings, make_case):
    case = make_case(settings)
    table = baseline_predictions(case, settings)
    errors = inner_errors(case, settings)
    best = best_predictions(table, errors)
    assert set(best["strategy"]) == {BEST}
    assert list(best.columns) == list(table.columns)
    assert best.dtypes.equals(table.dtypes)
    assert len(best) == 40
    for choice in choices(errors):
        one = table[(table["strategy"] == choice["chosen"]) & (table["part"] == choice["part"])]
        own = best[best["part"] == choice["part"]]
        if choice["fold"] is not None:
            one, own = one[one["fold"] == choice["fold"]], own[own["fold"] == choice["fold"]]
        assert own["prediction"].tolist() == one["prediction"].tolist()
        assert own["row"].tolist() == one["row"].tolist()


@pytest.mark.slow
def test_the_choice_repeats_itself_and_goes_by_the_seed(settings, make_case):
    case = make_case(settings)
    first, second = inner_errors(case, settings), inner_errors(case, settings)
    assert first.equals(second)
    settings.seed = 1
    assert not first[NAMES].equals(inner_errors(case, settings)[NAMES])


def test_the_choice_does_not_look_at_the_scored_rows(settings, make_case):
    case = make_case(settings)
    before = inner_errors(case, settings)
    test = case.splits[0].test
    changed = make_case(settings)
    changed.target.data.frame.loc[test, "formation_energy"] += 100.0
    after = inner_errors(changed, settings)
    assert after.iloc[0].equals(before.iloc[0])
    assert not after.iloc[1].equals(before.iloc[1])


@pytest.mark.usefixtures("mean_only")
def test_the_inner_error_of_the_mean_by_hand(settings, make_case, monkeypatch):
    case = make_case(settings)
    pieces = np.array_split(case.splits[0].train, 3)
    folds = [(np.setdiff1d(case.splits[0].train, piece), piece) for piece in pieces]
    monkeypatch.setattr("cetransfer.evaluation.best_baseline.inner_folds", lambda *_: folds)
    labels = case.target.data.labels
    apart = [np.abs(labels[test] - labels[train].mean()) for train, test in folds]
    found = inner_errors(case, settings)
    assert found["mean"][0] == pytest.approx(np.concatenate(apart).mean())


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_a_handful_of_rows_is_enough(settings, make_case, rows):
    case = make_case(settings)
    first = dataclasses.replace(case.splits[0], train=case.splits[0].train[:rows])
    tiny = dataclasses.replace(case, layout=dataclasses.replace(case.layout, splits=[first]))
    errors = inner_errors(tiny, settings)
    assert errors[NAMES].notna().all(axis=None) == (rows > 1)
    best = best_predictions(baseline_predictions(tiny, settings), errors)
    assert len(best) == len(first.test)


def test_splits_that_hold_out_groups_choose_by_groups(compose, make_case, monkeypatch):
    case = make_case(compose("protocol=by_a", "protocol.folds=3", "dataset.n_labelled=30"))
    seen = []
    monkeypatch.setattr(
        "cetransfer.evaluation.best_baseline.fit_baselines",
        lambda _target, jobs, _words: [seen.append(job) or np.zeros(len(job[3])) for job in jobs],
    )
    errors = inner_errors(case, compose("protocol=by_a"))
    assert len(errors) == 4
    on_a = case.target.data.frame["A"].to_numpy()
    grouped = [not set(on_a[train]) & set(on_a[test]) for _, _, train, test in seen]
    # the last split, of all labelled rows, holds out none
    last = 3 * len(NAMES)
    assert all(grouped[:-last])
    assert not all(grouped[-last:])


@pytest.mark.slow
def test_every_split_of_a_learning_curve_has_its_own_choice(compose, make_case):
    settings = compose("protocol=learning_curve", "protocol.sizes=[5,10]", "protocol.folds=5")
    case = make_case(settings)
    errors = inner_errors(case, settings)
    assert len(errors) == 10
    assert not errors.duplicated(SPLIT).any()
    assert set(errors["part"]) == {"size_5", "size_10"}
