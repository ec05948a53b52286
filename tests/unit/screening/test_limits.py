from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.errors import UserError
from cetransfer.screening.limits import Limits, limits_from

VALUES = np.array([0.7, 0.71, 1.1, 1.11, np.nan])


def test_a_limit_is_itself_within_or_not_as_its_name_says():
    assert Limits(above=0.7, at_most=1.1).holds(VALUES).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert Limits(at_least=0.7, below=1.1).holds(VALUES).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(above=0.7, at_most=1.1), "0.7 < t <= 1.1"),
        (Limits(at_least=0.9, below=1.0), "0.9 <= t < 1"),
        (Limits(below=-1.0), "t < -1"),
        (Limits(), "t"),
    ],
)
def test_limits_in_words(limits, words):
    assert limits.words("t") == words


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=20),
    st.sampled_from(["above", "at_least", "below", "at_most"]),
    st.floats(-9, 9),
)
def test_the_proposed_limit_lets_a_value_pass(values, key, limit):
    values = np.array(values)
    limits = Limits(**{key: limit})
    if limits.holds(values).any():
        return
    _, change = limits.loosened(values)
    assert Limits(**{**limits.told(), **change}).holds(values).any()


def test_without_numbers_nothing_can_be_proposed():
    assert Limits(below=1.0).loosened(np.array([np.nan])) is None


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        ({"above": "x"}, r"criteria\.t\.above=x must be a number"),
        ({"above": True}, "must be a number"),
        ({"below": float("inf")}, "not finite"),
        ({"above": 1.0, "at_most": 0.5}, "no value meets 1 < x <= 0.5"),
        ({"above": 1.0, "at_most": 1.0}, "no value meets"),
    ],
)
def test_limits_that_cannot_be_are_refused(configured, message):
    with pytest.raises(UserError, match=message):
        limits_from(configured, "criteria.t")
