from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cetransfer.errors import UserError
from cetransfer.screening.suggestion.method import Pool, kinds, make_method
from cetransfer.screening.suggestion.methods.variance import NOISE, whitened


def chosen(name, pool, count, seed=0):
    picks = make_method(name).choose(pool, count, np.random.default_rng(seed))
    return [pick.row for pick in picks]


def random_pool(candidates, known, seed):
    random = np.random.default_rng(seed)
    return Pool(
        [f"C{i}" for i in range(candidates)],
        random.normal(size=(3, candidates)),
        "eV/atom",
        random.normal(size=(candidates, 4)),
        [f"K{i}" for i in range(known)],
        random.normal(size=(known, 4)),
    )


@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_method_names_different_compounds_with_a_reason_and_the_same_again(name):
    pool = random_pool(30, 5, 0)
    picks = make_method(name).choose(pool, 30, np.random.default_rng(0))
    assert sorted(pick.row for pick in picks) == list(range(30))
    assert all(pick.why for pick in picks)
    assert picks == make_method(name).choose(pool, 30, np.random.default_rng(0))


@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_method_copes_with_compounds_that_all_look_alike(name, pool_of):
    pool = pool_of(np.zeros((6, 3)), np.zeros((2, 3)))
    assert sorted(chosen(name, pool, 6)) == list(range(6))


@pytest.mark.parametrize("name", sorted(set(kinds()) - {"random"}))
def test_only_chance_looks_at_the_random_numbers(name):
    pool = random_pool(30, 5, 0)
    assert chosen(name, pool, 5, seed=0) == chosen(name, pool, 5, seed=1)


def test_chance_draws_others_with_another_seed():
    pool = random_pool(30, 5, 0)
    assert chosen("random", pool, 5, seed=0) != chosen("random", pool, 5, seed=1)


def test_uncertainty_takes_the_largest_spreads(pool_of):
    pool = pool_of(np.zeros((4, 1)), [[0.0]], [[0, 0, 0, 0], [0.2, 0.8, 0.0, 0.4]])
    picks = make_method("uncertainty").choose(pool, 2, np.random.default_rng(0))
    assert [pick.row for pick in picks] == [1, 3]
    # the standard deviation of 0 and 0.8
    assert picks[0].why == "the 2 members of the ensemble differ by 0.566 eV/atom"


def test_a_single_network_has_no_spread(pool_of):
    assert pool_of([[0.0], [1.0]], [[0.0]], [[1.0, 2.0]]).spread.tolist() == [0.0, 0.0]


def test_diversity_goes_to_the_farthest_and_counts_it_as_known(pool_of):
    # labelled at 0; 10 is farthest; then 5, halfway between both
    pool = pool_of([[10.0], [9.0], [5.0], [1.0]], [[0.0]])
    picks = make_method("diversity").choose(pool, 2, np.random.default_rng(0))
    assert [pick.row for pick in picks] == [0, 2]
    assert picks[0].why.endswith("nearest K0")


def test_clusters_goes_where_many_are_before_where_one_is(pool_of):
    # one candidate 6 from K0 (36); five at 4 from K1 (5 x 16 = 80)
    pool = pool_of([[-6.0], [104.0], [104.0], [104.0], [104.0], [104.0]], [[0.0], [100.0]])
    picks = make_method("clusters").choose(pool, 2, np.random.default_rng(0))
    assert [pick.row for pick in picks] == [1, 0]
    assert picks[0].why == "K1 stands alone for it and 4 other candidates"
    assert chosen("diversity", pool, 1) == [0]


def test_variance_takes_what_stands_for_most(pool_of):
    # along the first axis five alike, along the second one: all of the same length
    pool = pool_of([[1.0, 0.0]] * 5 + [[0.0, 1.0]], np.zeros((1, 2)))
    assert chosen("variance", pool, 2) == [0, 5]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**16))
def test_variance_takes_what_leaves_least_of_the_exact_posterior(seed):
    pool = random_pool(12, 4, seed)
    known, free = pool.known_places, set(range(12))
    for row in chosen("variance", pool, 3):
        left = {}
        for candidate in free:
            rows = np.vstack([known, pool.places[candidate]])
            covariance = np.linalg.inv(np.eye(4) + rows.T @ rows / NOISE)
            left[candidate] = np.einsum("ij,jk,ik->", pool.places, covariance, pool.places)
        assert left[row] == pytest.approx(min(left.values()), rel=1e-6)
        free.discard(row)
        known = np.vstack([known, pool.places[row]])


def test_whitened_candidates_have_the_posterior_covariance():
    pool = random_pool(5, 3, 0)
    z = whitened(pool.places, pool.known_places)
    exact = np.linalg.inv(np.eye(4) + pool.known_places.T @ pool.known_places / NOISE)
    np.testing.assert_allclose(z.T @ z, pool.places @ exact @ pool.places.T, atol=1e-10)


def test_a_wrong_method_is_answered_with_the_nearest():
    with pytest.raises(UserError) as caught:
        make_method("varience")
    assert str(caught.value).startswith("method=varience is unknown; did you mean variance?")
