from __future__ import annotations

import numpy as np
import pytest

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


def intervals(case, predicted):
    unseen = unseen_intervals("own", case, case.members, predicted)
    return unseen.table, unseen.coverage


def test_every_row_never_trained_on_has_one_interval(case, predicted):
    table, found = intervals(case, predicted)
    assert list(table) == columns("formation_energy")
    assert len(table) == found.overall.rows == 10
    unseen = np.setdiff1d(np.arange(40), case.labelled)
    formulas = case.target.data.frame["formula"]
    assert table["compound"].tolist() == formulas.iloc[unseen].tolist()
    assert (table["lower"] < table["upper"]).all()


def test_prediction_and_spread_are_means_over_the_fold_ensembles(case, predicted):
    table, _ = intervals(case, predicted)
    unseen = np.setdiff1d(np.arange(40), case.labelled)
    folds = [index for index, member in enumerate(case.members) if member.split.fold is not None]
    nets = predicted[folds].reshape(3, 2, 40)[:, :, unseen]
    assert table["prediction"].to_numpy() == pytest.approx(nets.mean(axis=(0, 1)))
    assert table["spread"].to_numpy() == pytest.approx(nets.std(axis=1, ddof=1).mean(axis=0))


def test_the_report_counts_what_the_table_says(case, predicted):
    table, found = intervals(case, predicted)
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
