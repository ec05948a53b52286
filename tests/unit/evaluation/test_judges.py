from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.judges import CorrectedT, PairedT, SignFlip
from cetransfer.evaluation.kin import Kin
from cetransfer.evaluation.statistics import corrected_t

FOLDS, ROWS = 8, 6


def errors(values, *, rows=None):
    """Return scored errors (J, n) of J folds; `rows` (J, n) says which rows they are of."""
    count, size = values.shape
    rows = np.arange(values.size).reshape(values.shape) if rows is None else rows
    return pd.DataFrame(
        {
            "repeat": 0,
            "fold": np.repeat(np.arange(count), size),
            "row": rows.ravel(),
            "error": values.ravel(),
        }
    )


@pytest.fixture
def pairs():
    """Return errors of two strategies; the second is better by an effect of each row's element."""
    generator = np.random.default_rng(0)
    effect = generator.normal(size=ROWS)
    first = 1.0 + 0.01 * generator.random((FOLDS, ROWS))
    return first, first - 0.01 * generator.random((FOLDS, ROWS)) - 0.2 * effect


def elements():
    """Return names: place k in every fold is element k."""
    return [("abcdef"[row % ROWS],) for row in range(FOLDS * ROWS)]


def strangers():
    return Kin.of(np.arange(FOLDS * ROWS), [(f"{row}",) for row in range(FOLDS * ROWS)])


def relatives():
    return Kin.of(np.arange(FOLDS * ROWS), elements())


def test_a_replicate_is_the_mean_absolute_error_of_a_fold():
    judge = CorrectedT(0.1)
    values = np.array([[1.0, -3.0], [-2.0, 0.0]])
    assert judge.replicates(errors(values)).tolist() == [2.0, 1.0]


def test_folds_of_chance_rows_share_what_their_training_rows_share(pairs):
    first, second = pairs
    pair = CorrectedT(0.125).pair(errors(second), errors(first))
    assert pair.test_to_train == 0.125
    assert pair.differences == pytest.approx((second - first).mean(axis=1))
    assert CorrectedT(0.125).test(pair) == corrected_t(pair.differences, 0.125)


def test_an_effect_of_elements_that_all_folds_have_is_added_to_what_they_differ_by(pairs):
    first, second = pairs
    own, other = errors(second), errors(first)
    judge = SignFlip(0.125, relatives(), seed=0)
    pair = judge.pair(own, other)
    # the six effects are the luck of this table, however much alike the folds are
    missing = (pair.test_to_train - 0.125) / 1.125
    variance = (1 / FOLDS + missing) * pair.differences.var(ddof=1)
    by_element = (second - first).mean(axis=0)
    assert variance == pytest.approx(by_element.var(ddof=1) / ROWS, rel=1e-6)
    alone = CorrectedT(0.125)
    assert alone.test(alone.pair(own, other)).p < 0.001
    assert judge.test(pair).p > 0.05


def test_of_rows_without_kin_folds_hold_all_the_luck(pairs):
    first, _ = pairs
    second = first + np.random.default_rng(1).normal(size=(FOLDS, 1))
    judge = SignFlip(0.125, strangers(), seed=0)
    assert judge.pair(errors(second), errors(first)).test_to_train == 0.125


def test_draws_tested_on_the_same_rows_hold_no_luck_with_these():
    generator = np.random.default_rng(2)
    rows = np.tile(np.arange(ROWS), (FOLDS, 1))
    luck = generator.normal(size=ROWS)
    first = 10.0 + 0.1 * generator.normal(size=(FOLDS, ROWS))
    second = first + luck + 0.1 * generator.normal(size=(FOLDS, ROWS))
    judge = PairedT(0.0, strangers(), common=True)
    pair = judge.pair(errors(second, rows=rows), errors(first, rows=rows))
    by_row = (second - first).mean(axis=0)
    added = pair.test_to_train * pair.differences.var(ddof=1)
    assert added == pytest.approx(by_row.var(ddof=1) / ROWS)
    assert judge.test(pair) == corrected_t(pair.differences, pair.test_to_train)


def test_equal_errors_are_no_difference(pairs):
    first, _ = pairs
    for judge in (SignFlip(0.1, relatives(), seed=0), PairedT(0.0, relatives(), common=True)):
        pair = judge.pair(errors(first), errors(-first))
        assert pair.test_to_train == judge.test_to_train
        assert judge.test(pair).p == 1.0
