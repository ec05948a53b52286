from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cetransfer.evaluation.applicability import elements_seen, features_in_range
from cetransfer.evaluation.coverage import all_intervals, columns, unseen_intervals


@pytest.fixture
def case(settings, make_case):
    return make_case(settings)


@pytest.fixture
def predicted(case):
    """Predictions that err by up to 0.1 on every row."""
    generator = np.random.default_rng(0)
    errors = generator.uniform(-0.1, 0.1, size=(len(case.members), len(case.target)))
    return case.target.data.labels + errors


def test_every_row_never_trained_on_has_one_interval(case, predicted):
    table, found = unseen_intervals("own", case, case.members, predicted)
    assert list(table) == columns("formation_energy")
    assert len(table) == found.overall.rows == 10
    unseen = np.setdiff1d(np.arange(40), case.labelled)
    formulas = case.target.data.frame["formula"]
    assert table["compound"].tolist() == formulas.iloc[unseen].tolist()
    assert (table["lower"] < table["upper"]).all()


def test_prediction_and_spread_are_means_over_the_fold_ensembles(case, predicted):
    table, _ = unseen_intervals("own", case, case.members, predicted)
    unseen = np.setdiff1d(np.arange(40), case.labelled)
    folds = [index for index, member in enumerate(case.members) if member.split.fold is not None]
    nets = predicted[folds].reshape(3, 2, 40)[:, :, unseen]
    assert table["prediction"].to_numpy() == pytest.approx(nets.mean(axis=(0, 1)))
    assert table["spread"].to_numpy() == pytest.approx(nets.std(axis=1, ddof=1).mean(axis=0))


def test_the_report_counts_what_the_table_says(case, predicted):
    table, found = unseen_intervals("own", case, case.members, predicted)
    holds = table["formation_energy"].between(table["lower"], table["upper"])
    assert found.overall.coverage == pytest.approx(holds.mean())
    assert found.width == pytest.approx((table["upper"] - table["lower"]).mean())
    assert found.low.rows + found.middle.rows + found.high.rows == len(table)
    lowest = table.sort_values("prediction").index[: found.low.rows]
    assert found.low.coverage == pytest.approx(holds[lowest].mean())
    assert found.element_seen.rows == table["element_seen"].sum()
    assert found.element_new.rows == (~table["element_seen"]).sum()
    assert found.in_range.rows + found.out_of_range.rows == len(table)
    assert found.width <= found.width_unscaled


def test_without_unseen_rows_there_are_no_intervals(compose, make_case):
    full = make_case(compose("dataset.n_labelled=null", "protocol.folds=3", "protocol.members=2"))
    assert unseen_intervals("own", full, full.members, np.zeros((len(full.members), 40))) is None
    assert list(all_intervals([], "formation_energy")) == columns("formation_energy")
    assert len(all_intervals([], "formation_energy")) == 0


def test_an_element_is_seen_only_on_its_own_site(case):
    frame = case.target.data.frame.copy()
    frame.loc[:2, ["A", "B"]] = [["Sr", "Ti"], ["Ti", "Sr"], ["Sr", "Sr"]]
    data = dataclasses.replace(case.target.data, frame=frame)
    target = dataclasses.replace(case.target, data=data)
    seen = elements_seen(target, np.array([0]), np.array([0, 1, 2]))
    assert seen.tolist() == [True, False, False]


def test_a_feature_beyond_those_of_labelled_rows_is_out_of_range(case):
    features = np.array([[0.0, 1.0], [2.0, 3.0], [1.0, 2.0], [1.0, 3.1], [-0.1, 2.0]])
    target = dataclasses.replace(case.target, views=(features.astype(np.float32),))
    inside = features_in_range(target, np.array([0, 1]), np.array([1, 2, 3, 4]))
    assert inside.tolist() == [True, True, False, False]
