from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cetransfer.evaluation.sign_flip import sign_flip
from cetransfer.evaluation.statistics import corrected_t


def flipped(differences, test_to_train=0.0, seed=0):
    return sign_flip(np.array(differences, float), test_to_train, np.random.default_rng(seed))


def brute(differences, test_to_train):
    """Return the p by trying every set of signs one by one."""
    values = np.array(differences, float)
    count = len(values)

    def t(numbers, factor):
        return abs(numbers.mean()) / np.sqrt(factor * numbers.var(ddof=1))

    own = t(values, 1 / count + test_to_train)
    sets = [np.array(signs) * values for signs in product((1, -1), repeat=count)]
    return np.mean([t(numbers, 1 / count) >= own * (1 - 1e-12) for numbers in sets])


def test_p_of_few_differences_is_exact():
    # all of one sign: 2 of 2^6 sets of signs are as extreme
    assert flipped([1, 2, 3, 4, 5, 6]).p == pytest.approx(2 / 64)
    # sums of +-1 +-2 +-4 as far out as 5: 7, 5, -5, -7 of 8
    assert flipped([-1, 2, 4]).p == pytest.approx(4 / 8)


@settings(deadline=None)
@given(
    values=st.lists(st.integers(-50, 50), min_size=3, max_size=8, unique=True),
    test_to_train=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_p_is_the_share_of_signs_that_do_as_much_as_the_widened_data(values, test_to_train):
    # off the grid, so that no two t differ by rounding alone
    values = [value + 0.123 + 0.01 * np.sin(value) for value in values]
    assert flipped(values, test_to_train).p == pytest.approx(brute(values, test_to_train))


def test_what_replicates_share_makes_a_difference_less_sure():
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 0.5, -0.5, 3.5]
    tests = [flipped(values, shared) for shared in (0.0, 0.1, 0.5)]
    assert tests[0].p < tests[1].p < tests[2].p
    widths = [test.high - test.low for test in tests]
    assert widths[0] < widths[1] < widths[2]


def test_no_difference_anywhere_is_no_evidence():
    result = flipped([0.0] * 7)
    assert (result.mean, result.low, result.high, result.p) == (0.0, 0.0, 0.0, 1.0)


def test_the_same_difference_everywhere_is_all_the_evidence_there_can_be():
    result = flipped([0.5] * 7)
    assert (result.mean, result.low, result.high) == (0.5, 0.5, 0.5)
    assert result.p == pytest.approx(2 / 128)


@settings(deadline=None)
@given(
    values=st.lists(st.integers(-50, 50), min_size=6, max_size=8, unique=True),
    test_to_train=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_the_interval_leaves_zero_out_exactly_where_p_is_below_five_per_cent(values, test_to_train):
    result = flipped(np.array(values) + 0.123, test_to_train)
    assert result.low <= result.mean <= result.high
    assert (result.p < 0.05) == (result.low > 0 or result.high < 0)


@settings(deadline=None)
@given(
    values=st.lists(st.integers(-50, 50), min_size=6, max_size=8, unique=True),
    shift=st.integers(-40, 40),
)
def test_the_interval_moves_with_the_differences_and_turns_with_their_signs(values, shift):
    values = np.array(values) + 0.123
    result, moved, turned = (flipped(own, 0.1) for own in (values, values + shift, -values))
    assert turned.p == result.p
    assert (turned.low, turned.high) == pytest.approx((-result.high, -result.low))
    assert (moved.low - shift, moved.high - shift) == pytest.approx((result.low, result.high))


def test_of_fewer_than_six_no_p_is_below_five_per_cent_and_the_interval_is_that_of_the_t():
    result, wide = (
        flipped([5.0, 5.1, 5.2, 5.3, 5.4], 0.25),
        corrected_t(np.array([5.0, 5.1, 5.2, 5.3, 5.4]), 0.25),
    )
    assert result.p == pytest.approx(2 / 32)
    assert (result.low, result.high) == (wide.low, wide.high)


@pytest.mark.parametrize("test_to_train", [0.0, 0.05])
def test_many_differences_are_tried_by_chance_and_agree_with_the_t(test_to_train):
    values = np.random.default_rng(0).normal(0.3, 1.0, 60)
    result, expected = flipped(values, test_to_train), corrected_t(values, test_to_train)
    assert result == flipped(values, test_to_train)
    assert result.p == pytest.approx(expected.p, abs=0.01)
    width = expected.high - expected.low
    assert result.low == pytest.approx(expected.low, abs=0.05 * width)
    assert result.high == pytest.approx(expected.high, abs=0.05 * width)


def test_it_claims_a_difference_of_equals_as_often_as_it_says():
    generator = np.random.default_rng(1)
    claimed = [flipped(generator.normal(size=9), seed=n).p < 0.05 for n in range(300)]
    assert 0.02 <= np.mean(claimed) <= 0.08
