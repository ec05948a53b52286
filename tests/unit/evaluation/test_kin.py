from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cetransfer.evaluation.kin import Kin


def brute(values, names, fewest):
    """Return the variance by looking at every pair of rows."""
    count = len(values)
    centred = values - values.mean()
    related = sum(
        centred[r] * centred[s]
        for r in range(count)
        for s in range(count)
        if r == s or set(names[r]) & set(names[s])
    )
    alone = (centred**2).sum() * count / (count - 1)
    return max(related * fewest / (fewest - 1), alone) / count**2


@settings(deadline=None)
@given(
    names=st.lists(
        st.lists(st.sampled_from("abcdef"), max_size=3, unique=True), min_size=3, max_size=25
    ),
    seed=st.integers(0, 5),
)
def test_it_is_the_sum_over_all_pairs_of_related_rows(names, seed):
    values = np.random.default_rng(seed).normal(size=len(names))
    rows = np.arange(len(names)) + 1
    kin = Kin.of(rows, [tuple(own) for own in names])
    fewest = len({name for own in names for name in own})
    if fewest < 2:
        # one name says nothing: there are as many clusters as there are sets of names
        fewest = len({tuple(own) or row for row, own in enumerate(names)})
    if fewest > 1:
        found = kin.variance_of_mean(pd.Series(values, index=rows))
        assert found == pytest.approx(brute(values, names, fewest))


def test_rows_of_which_no_two_have_a_name_in_common_are_independent():
    values = np.random.default_rng(0).normal(size=20)
    kin = Kin.of(np.arange(20), [(f"{row}",) for row in range(20)])
    expected = values.var(ddof=1) / 20
    assert kin.variance_of_mean(pd.Series(values)) == pytest.approx(expected)


def test_what_whole_elements_do_counts_once_an_element():
    # five elements of four rows each; within an element all rows are alike
    effects = np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    kin = Kin.of(np.arange(20), [("abcde"[row // 4],) for row in range(20)])
    found = kin.variance_of_mean(pd.Series(np.repeat(effects, 4)))
    assert found == pytest.approx(effects.var(ddof=1) / 5)


def test_a_name_that_all_rows_have_says_nothing():
    values = np.random.default_rng(0).normal(size=20)
    kin = Kin.of(np.arange(20), [("O",)] * 20)
    assert kin.variance_of_mean(pd.Series(values)) == pytest.approx(values.var(ddof=1) / 20)


def test_groups_relate_rows_beside_elements_and_are_no_elements():
    values = pd.Series(np.repeat([1.0, -1.0, 2.0], 4))
    elements = [(f"{row}",) for row in range(12)]
    groups = [(f"{row // 4}",) for row in range(12)]
    apart = Kin.of(np.arange(12), elements)
    together = Kin.of(np.arange(12), elements, groups)
    assert together.variance_of_mean(values) > 3 * apart.variance_of_mean(values)
    # row 0 and the group called 0 do not meet
    assert together.related.shape == (12, 12)
    assert together.related.toarray().sum() == 3 * 4**2


def test_only_the_rows_that_were_scored_count():
    values = np.random.default_rng(0).normal(size=30)
    names = [("abcde"[row % 5],) for row in range(30)]
    some = np.arange(3, 25)
    of_all = Kin.of(np.arange(30) + 100, names)
    of_some = Kin.of(some + 100, [names[row] for row in some])
    scored = pd.Series(values[some], index=some + 100)
    assert of_all.variance_of_mean(scored) == pytest.approx(of_some.variance_of_mean(scored))


def test_the_variance_of_rows_with_effects_of_two_elements_is_what_it_is():
    generator = np.random.default_rng(0)
    pairs = np.argwhere(~np.eye(20, dtype=bool))
    means, expected = [], []
    for _ in range(300):
        effects = generator.normal(size=20)
        chosen = generator.permutation(pairs)[:120]
        values = effects[chosen].sum(axis=1) + generator.normal(size=120)
        kin = Kin.of(np.arange(120), [tuple(map(str, pair)) for pair in chosen])
        means.append(values.mean())
        expected.append(kin.variance_of_mean(pd.Series(values)))
    assert np.mean(expected) == pytest.approx(np.var(means), rel=0.25)
