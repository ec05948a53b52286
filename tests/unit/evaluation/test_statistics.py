from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cetransfer.evaluation.splits import cross_validation
from cetransfer.evaluation.statistics import corrected_t, holm, interval_of_mean, verdict

PROBABILITIES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8)


def test_the_corrected_t_by_hand():
    # mean 0.25, variance 0.05 / 3; SE^2 = (1/4 + 1/3) * 0.05 / 3 = 0.0097222, t = 2.53546
    result = corrected_t(np.array([0.1, 0.2, 0.3, 0.4]), 1 / 3)
    error = math.sqrt(0.05 / 3 * 7 / 12)
    # Student's distribution with three degrees of freedom has a closed form
    angle = math.atan(0.25 / error / math.sqrt(3))
    expected = 1 - 2 / math.pi * (angle + math.sin(angle) * math.cos(angle))
    assert result.p == pytest.approx(expected, rel=1e-10)
    assert result.p == pytest.approx(0.0850164, abs=1e-7)
    half_width = 3.182446305 * 0.0986013
    assert (result.mean, result.low, result.high) == pytest.approx(
        (0.25, 0.25 - half_width, 0.25 + half_width), abs=1e-6
    )


def test_without_a_correction_it_is_the_paired_t():
    values = np.array([0.1, -0.2, 0.3, 0.4, 0.25])
    assert corrected_t(values, 0.0).p == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue)


def test_the_sign_does_not_matter_to_p():
    values = np.array([0.1, -0.2, 0.3, 0.4])
    assert corrected_t(values, 0.25).p == corrected_t(-values, 0.25).p


def test_no_difference_anywhere_is_no_evidence():
    assert corrected_t(np.zeros(4), 0.25).p == 1.0


@given(
    values=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20),
    ratio=st.floats(0.0, 1.0),
)
def test_p_is_a_probability_and_the_correction_only_raises_it(values, ratio):
    differences = np.array(values)
    corrected, naive = corrected_t(differences, ratio), corrected_t(differences, 0.0)
    assert 0.0 <= naive.p <= corrected.p <= 1.0
    assert corrected.high - corrected.low >= naive.high - naive.low >= 0.0


def test_holm_by_hand():
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; the last may not fall below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_stops_at_one_and_leaves_a_single_question_alone():
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(PROBABILITIES)
def test_holm_gives_probabilities_in_the_same_order_and_never_smaller_ones(values):
    corrected = holm(values)
    assert all(0.0 <= low <= high <= 1.0 for low, high in zip(values, corrected, strict=True))
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0.0)


@pytest.mark.parametrize(
    ("delta", "p", "word"),
    [
        (-0.1, 0.049, "gain"),
        (0.1, 0.049, "negative_transfer"),
        (-0.1, 0.05, "not_distinguishable"),
        (0.1, 0.9, "not_distinguishable"),
        (0.0, 1.0, "not_distinguishable"),
    ],
)
def test_the_verdict_has_three_words(delta, p, word):
    assert verdict(delta, p, 0.05) == word


def test_the_interval_of_a_mean_has_the_width_that_theory_gives():
    values = np.random.default_rng(0).normal(1.0, 0.2, size=400)
    low, high = interval_of_mean(values, np.random.default_rng(1))
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_the_interval_of_one_number_is_that_number():
    assert interval_of_mean(np.array([0.3]), np.random.default_rng(0)) == (0.3, 0.3)


def test_the_interval_of_equal_numbers_is_that_number():
    low, high = interval_of_mean(np.full(9, 0.3), np.random.default_rng(0))
    assert (low, high) == pytest.approx((0.3, 0.3))


def fold_differences(generator, splits, n_rows):
    """Return error differences of two learners that are equally good by symmetry."""
    x = generator.normal(size=(2, n_rows))
    y = x.sum(axis=0) + generator.normal(size=n_rows)
    differences = []
    for split in splits:
        errors = []
        for feature in x:
            slope, offset = np.polyfit(feature[split.train], y[split.train], 1)
            errors.append(np.abs(slope * feature[split.test] + offset - y[split.test]).mean())
        differences.append(errors[0] - errors[1])
    return np.array(differences)


def test_equal_learners_are_rarely_told_apart_and_a_plain_t_would_do_so_often():
    n_rows, trials = 40, 100
    splits = cross_validation(np.arange(n_rows), 5, 4, 0)
    generator = np.random.default_rng(0)
    naive = corrected = 0
    for _ in range(trials):
        differences = fold_differences(generator, splits, n_rows)
        corrected += corrected_t(differences, 1 / 4).p < 0.05
        naive += corrected_t(differences, 0.0).p < 0.05
    assert corrected <= 0.1 * trials
    assert naive >= 2 * max(corrected, 0.1 * trials)
