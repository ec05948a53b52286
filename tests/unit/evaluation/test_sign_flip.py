from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.evaluation.sign_flip import sign_flip


def flipped(differences, weights=None, seed=0):
    differences = np.array(differences, float)
    weights = np.ones(len(differences)) if weights is None else np.array(weights, float)
    weights = weights / weights.sum()
    return sign_flip(weights * differences, weights, np.random.default_rng(seed))


def test_p_of_few_groups_is_exact():
    # all of one sign: 2 of 2^6 sets of signs are as extreme
    assert flipped([1, 2, 3, 4, 5, 6]).p == pytest.approx(2 / 64)
    # sums of +-1 +-2 +-4 as far out as 5: 7, 5, -5, -7 of 8
    assert flipped([-1, 2, 4]).p == pytest.approx(4 / 8)


def test_the_mean_is_weighted():
    assert flipped([1, 4], [3, 1]).mean == pytest.approx(7 / 4)


def test_no_difference_anywhere_is_no_evidence():
    result = flipped([0.0] * 5)
    assert (result.mean, result.low, result.high, result.p) == (0.0, 0.0, 0.0, 1.0)


@given(
    values=st.lists(st.integers(-50, 50), min_size=6, max_size=10, unique=True),
    weights=st.lists(st.integers(1, 5), min_size=10, max_size=10),
)
def test_the_interval_leaves_zero_out_exactly_where_p_is_below_five_per_cent(values, weights):
    result = flipped(np.array(values) + 0.123, weights[: len(values)])
    assert result.low <= result.mean <= result.high
    assert (result.p < 0.05) == (result.low > 0 or result.high < 0)


def test_many_groups_are_tried_by_chance_and_agree_with_the_t():
    generator = np.random.default_rng(0)
    values = generator.normal(0.3, 1.0, 60)
    result = flipped(values)
    error = values.std(ddof=1) / np.sqrt(60)
    assert result == flipped(values)
    assert result.low == pytest.approx(values.mean() - 2.0 * error, abs=0.25 * error)
    assert result.high == pytest.approx(values.mean() + 2.0 * error, abs=0.25 * error)


def test_it_claims_a_difference_of_equals_as_often_as_it_says():
    generator = np.random.default_rng(1)
    claimed = [flipped(generator.normal(size=9), seed=n).p < 0.05 for n in range(300)]
    assert 0.02 <= np.mean(claimed) <= 0.08
