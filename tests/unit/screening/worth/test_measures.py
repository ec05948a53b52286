from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss

from cetransfer.screening.worth.calibrated import calibrated
from cetransfer.screening.worth.ranking import ranking, reliability
from cetransfer.screening.worth.resampling import RESAMPLES, element_weights
from cetransfer.screening.worth.selection import selection, share

TRUTH = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0], bool)


def even(count):
    return np.ones((4, count))


def test_a_choice_by_hand():
    chosen = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], bool)
    found = selection(chosen, TRUTH, even(10))
    assert (found.chosen, found.hits) == (3, 2)
    assert found.precision[0] == found.recall[0] == pytest.approx(2 / 3)
    # 2 of 3 against 3 of 10
    assert found.enrichment[0] == pytest.approx((2 / 3) / 0.3)


def test_the_interval_of_a_share_is_that_of_wilson():
    # centre (p + z^2/2n) / (1 + z^2/n), half width z sqrt(p q / n + z^2/4n^2) / (1 + z^2/n)
    n, p, z = 10, 0.2, 1.959964
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert share(2, 10) == pytest.approx((0.2, middle - half, middle + half), abs=1e-6)


def test_of_nothing_chosen_there_is_no_precision():
    found = selection(np.zeros(10, bool), TRUTH, even(10))
    assert np.isnan(found.precision).all()
    assert np.isnan(found.enrichment).all()
    assert found.recall[0] == 0.0


def test_a_ranking_by_hand():
    score = np.arange(10.0)[::-1]
    found = ranking(score, TRUTH, even(10))
    # yes at the places 1, 2 and 4: (1/1 + 2/2 + 3/4) / 3
    assert found.average_precision == pytest.approx(((1 + 1 + 0.75) / 3,) * 3)
    # half of a compound is the first 5 %, and it is a yes
    assert found.enrichment_top[0] == pytest.approx(1 / 0.3)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**16), ties=st.booleans())
def test_average_precision_is_that_of_scikit_learn(seed, ties):
    random = np.random.default_rng(seed)
    score = random.normal(size=40)
    score = np.round(score) if ties else score
    truth = random.random(40) < 0.3
    truth[0] = True
    weights = random.exponential(size=(3, 40))
    found = ranking(score, truth, weights)
    assert found.average_precision[0] == pytest.approx(average_precision_score(truth, score))
    for own, value in zip(weights, found.resampled, strict=True):
        assert value == pytest.approx(average_precision_score(truth, score, sample_weight=own))


def test_compounds_of_equal_score_are_as_good_as_chance():
    found = ranking(np.zeros(10), TRUTH, even(10))
    assert found.enrichment_top[0] == pytest.approx(1.0)
    assert found.average_precision[0] == pytest.approx(0.3)


def test_what_has_no_score_comes_last():
    score = np.where(TRUTH, np.nan, 1.0)
    assert ranking(score, TRUTH, even(10)).enrichment_top[0] == 0.0


def test_probabilities_are_set_beside_what_came():
    said = np.array([0.05, 0.05, 0.95, 0.95, 1.0, np.nan])
    truth = np.array([0, 1, 1, 1, 1, 0], bool)
    found = reliability(said, truth)
    assert [(each["compounds"], each["share"]) for each in found.bins] == [
        (3, pytest.approx(1 / 3)),
        (3, 1.0),
    ]
    assert found.brier == pytest.approx(brier_score_loss(truth, np.nan_to_num(said)))


def test_an_element_weighs_alike_in_all_its_compounds():
    pairs = [("Sr", "Ti"), ("Sr", "Zr"), ("Ba", "Ti"), ("Ba", "Zr"), ("Ti", "Ti"), ("Ti", "")]
    sites = pd.DataFrame(pairs, columns=["A", "B"])
    weights = element_weights(sites, np.random.default_rng(0))
    assert weights.shape == (RESAMPLES, 6)
    sr_ti, sr_zr, ba_ti, ba_zr, ti_ti, ti = weights.T
    np.testing.assert_allclose(sr_ti * ba_zr, sr_zr * ba_ti)
    # the same element on both sites counts once, and an empty site not at all
    np.testing.assert_allclose(ti_ti, ti)
    assert ti.mean() == pytest.approx(1.0, abs=0.15)
    assert np.array_equal(weights, element_weights(sites, np.random.default_rng(0)))


def test_a_calibrated_probability_holds_and_was_told_by_other_groups():
    random = np.random.default_rng(0)
    score = random.normal(size=4000)
    truth = random.random(4000) < 1 / (1 + np.exp(-2.0 * score + 1.0))
    groups = random.integers(20, size=4000).astype(str)
    known = np.ones(4000, bool)
    chance = calibrated(score, truth, known, groups)
    for each in reliability(chance, truth).bins:
        assert each["share_low"] - 0.03 <= each["probability"] <= each["share_high"] + 0.03
    # the answers of a group change nothing of its own probabilities
    own = groups == "3"
    other = calibrated(score, np.where(own, ~truth, truth), known, groups)
    np.testing.assert_allclose(other[own], chance[own])
    assert not np.allclose(other[~own], chance[~own])


def test_a_probability_is_given_where_nothing_is_known_but_the_score():
    score = np.array([-1.0, 1.0, -1.1, 1.2, 0.9, np.nan])
    truth = np.array([0, 1, 0, 1, 0, 0], bool)
    known = np.array([1, 1, 1, 1, 0, 0], bool)
    chance = calibrated(score, truth, known, np.array(list("aabbcc")))
    assert np.isnan(chance).tolist() == [False] * 5 + [True]


def test_without_a_second_group_there_is_no_probability():
    ones = np.ones(3, bool)
    assert np.isnan(calibrated(np.arange(3.0), ones, ones, np.array(["a"] * 3))).all()
