from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.evaluation.bayes import correlated_odds
from cetransfer.evaluation.statistics import corrected_t

DIFFERENCES = np.array([-0.02, -0.01, -0.03, 0.0, -0.015])


def test_two_folds_by_hand():
    # mean 0, variance 2, squared scale (1/2 + 1) 2 = 3; t with one degree of freedom is Cauchy's:
    # P(< -sqrt 3) = 1/2 - arctan(1) / pi = 1/4
    odds = correlated_odds(np.array([-1.0, 1.0]), 1.0, np.sqrt(3.0))
    assert (odds.better, odds.equivalent, odds.worse) == pytest.approx((0.25, 0.5, 0.25))


def test_without_a_margin_the_smaller_side_is_half_the_p_of_the_corrected_t():
    odds = correlated_odds(DIFFERENCES, 0.25, 0.0)
    assert 2 * odds.worse == pytest.approx(corrected_t(DIFFERENCES, 0.25).p)
    assert odds.equivalent == pytest.approx(0.0)


def test_equal_differences_leave_no_doubt():
    for value, margin, expected in ((-0.1, 0.05, (1, 0, 0)), (-0.01, 0.05, (0, 1, 0))):
        odds = correlated_odds(np.full(4, value), 0.25, margin)
        assert (odds.better, odds.equivalent, odds.worse) == expected


@given(
    st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=20),
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.5),
)
def test_odds_add_up_and_turn_with_the_sign(values, ratio, margin):
    own = np.array(values)
    odds, turned = (correlated_odds(sign * own, ratio, margin) for sign in (1, -1))
    assert odds.better + odds.equivalent + odds.worse == pytest.approx(1.0)
    assert odds.better == pytest.approx(turned.worse)


def test_a_wider_margin_makes_equal_more_likely():
    odds = [correlated_odds(DIFFERENCES, 0.25, margin).equivalent for margin in (0.0, 0.01, 0.05)]
    assert odds == sorted(odds)
    assert odds[-1] > odds[0]
