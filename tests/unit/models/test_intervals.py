from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cetransfer.evaluation.coverage import ensembles_of
from cetransfer.evaluation.splits import cross_validation, make_members, whole
from cetransfer.models.intervals import FoldEnsembles, scaled_intervals

ROWS, LABELLED = 1400, 400


def members_of(folds=10, members=3, repeats=1, labelled=LABELLED, rows=ROWS):
    chosen = np.arange(labelled)
    splits = cross_validation(chosen, folds, repeats, 0)
    return make_members([*splits, whole(chosen, rows)], members)


def uneven(seed, members):
    """Return labels, and predictions that err more and agree less on some rows than on others."""
    generator = np.random.default_rng(seed)
    labels = generator.normal(size=ROWS)
    size = generator.choice([0.05, 0.4], size=ROWS)
    together = generator.normal(size=ROWS)
    apart = 0.3 * generator.normal(size=(len(members), ROWS))
    return labels, labels + size * (together + apart)


def covered(intervals, labels, new):
    return float(np.mean((intervals.lower <= labels[new]) & (labels[new] <= intervals.upper)))


def everywhere(new):
    return np.ones(len(new), bool)


def by_hand(spread, says=(1.0, 1.1)):
    """Return nine labelled rows in two folds, and one new row (the last)."""
    return FoldEnsembles(
        mean=np.array([[0.0] * 9 + [says[0]], [0.0] * 9 + [says[1]]]),
        spread=np.array(spread),
        rows=np.arange(9),
        fold=np.array([0, 0, 0, 0, 1, 1, 1, 1, 1]),
    )


LABELS = np.array([0.1, -0.2, 0.3, 0.4, 0.1, 0.2, -0.5, 0.1, 0.3, 99.0])
NEW = np.array([9])


def test_nine_rows_by_hand():
    # ranks floor(0.1 * 10) = 1 and ceil(0.9 * 10) = 9: the smallest and the largest
    scaled, plain = scaled_intervals(by_hand(np.zeros((2, 10))), LABELS, NEW, everywhere(NEW))
    # fold 0 says 1 and errs by at most 0.4, fold 1 says 1.1 and errs by at most 0.5
    assert (plain.lower[0], plain.upper[0]) == pytest.approx((0.6, 1.6))
    # members that agree leave nothing to scale with; about their mean of 1.05 the ensembles have
    # a variance of 0.0025, about the labels a mean square error of 0.7 / 9
    reach = 0.5 * math.sqrt(1 - 0.0025 / (0.7 / 9))
    assert (scaled.lower[0], scaled.upper[0]) == pytest.approx((1.05 - reach, 1.05 + reach))
    assert math.isinf(scaled.constant)
    assert plain.width == pytest.approx(1.0)


def test_the_scale_widens_by_the_spread_of_the_new_row_and_narrows_by_that_of_the_old():
    spread = np.full((2, 10), 0.1)
    spread[:, :3] = 0.4
    spread[:, 9] = 0.0
    labels = np.array([0.4, -0.4, 0.4, 0.1, 0.1, 0.1, -0.1, 0.1, 0.1, 99.0])
    scaled, plain = scaled_intervals(by_hand(spread, (2.0, 2.0)), labels, NEW, everywhere(NEW))
    constant = scaled.constant * 0.2
    largest = max(0.4 / (0.4 + constant), 0.1 / (0.1 + constant))
    assert scaled.upper[0] == pytest.approx(2.0 + largest * constant)
    assert scaled.lower[0] == pytest.approx(2.0 - largest * constant)
    assert scaled.width < plain.width


def test_ensembles_that_disagree_on_new_rows_more_than_they_err_get_the_plain_intervals():
    scaled, plain = scaled_intervals(
        by_hand(np.zeros((2, 10)), (1.0, 2.0)), LABELS, NEW, everywhere(NEW)
    )
    assert scaled is plain
    assert plain.width == pytest.approx(1.9)


def test_where_no_new_row_is_like_a_labelled_one_the_intervals_are_the_plain_ones():
    ensembles = by_hand(np.zeros((2, 10)))
    scaled, plain = scaled_intervals(ensembles, LABELS, NEW, ~everywhere(NEW))
    assert scaled is plain


@pytest.mark.parametrize("members", [3, 5])
def test_nine_in_ten_new_rows_lie_in_their_interval_and_the_scaled_ones_are_narrower(members):
    nets = members_of(members=members)
    new = np.arange(LABELLED, ROWS)
    shares, widths = [], []
    for seed in range(8):
        labels, predicted = uneven(seed, nets)
        both = scaled_intervals(ensembles_of(predicted, nets), labels, new, everywhere(new))
        shares.append([covered(one, labels, new) for one in both])
        widths.append([one.width for one in both])
    assert 0.885 <= np.mean(shares, axis=0)[0] <= 0.92
    # plain CV+ counts the disagreement of the fold ensembles twice
    assert np.mean(shares, axis=0)[1] > 0.9
    assert np.mean(widths, axis=0)[0] < 0.9 * np.mean(widths, axis=0)[1]


def test_labels_of_new_rows_are_not_looked_at():
    nets = members_of()
    labels, predicted = uneven(0, nets)
    new = np.arange(LABELLED, ROWS)
    hidden = np.where(np.arange(ROWS) < LABELLED, labels, np.nan)
    ensembles = ensembles_of(predicted, nets)
    for one, other in zip(
        scaled_intervals(ensembles, labels, new, everywhere(new)),
        scaled_intervals(ensembles, hidden, new, everywhere(new)),
        strict=True,
    ):
        assert np.array_equal(one.lower, other.lower)
        assert np.array_equal(one.upper, other.upper)


def test_a_single_member_has_no_spread():
    nets = members_of(members=1)
    labels, predicted = uneven(0, nets)
    ensembles = ensembles_of(predicted, nets)
    assert not ensembles.spread.any()
    new = np.arange(LABELLED, ROWS)
    scaled, _ = scaled_intervals(ensembles, labels, new, everywhere(new))
    assert math.isinf(scaled.constant)


def test_the_ensembles_are_those_of_the_first_repeat_without_the_net_on_all_rows():
    nets = members_of(folds=3, members=2, repeats=2, labelled=30, rows=40)
    predicted = np.arange(len(nets), dtype=float)[:, None] * np.ones((1, 40))
    found = ensembles_of(predicted, nets)
    assert found.mean[:, 0].tolist() == [0.5, 2.5, 4.5]
    assert found.spread[:, 0] == pytest.approx([math.sqrt(0.5)] * 3)
    assert sorted(found.rows.tolist()) == list(range(30))
    for row, fold in zip(found.rows, found.fold, strict=True):
        assert row in nets[2 * fold].split.test


def test_too_few_rows_give_no_interval():
    nets = members_of(folds=3, members=2, labelled=8, rows=40)
    assert ensembles_of(np.zeros((len(nets), 40)), nets) is None
    assert ensembles_of(np.zeros((0, 40)), []) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100), st.floats(0.1, 10.0), st.floats(-5.0, 5.0))
def test_intervals_move_with_level_and_unit(seed, unit, level):
    nets = members_of(folds=4, members=3, labelled=40, rows=60)
    labels, predicted = uneven(seed, nets)
    labels, predicted = labels[:60], predicted[:, :60]
    new = np.arange(40, 60)
    one, _ = scaled_intervals(ensembles_of(predicted, nets), labels, new, everywhere(new))
    moved = ensembles_of(unit * predicted + level, nets)
    other, _ = scaled_intervals(moved, unit * labels + level, new, everywhere(new))
    np.testing.assert_allclose(other.lower, unit * one.lower + level, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(other.upper, unit * one.upper + level, rtol=1e-6, atol=1e-8)
