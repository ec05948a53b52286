"""The test of the test, in small; `benchmarks/calibration*.py` do it in full."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module")
def calibration(load_benchmark):
    return load_benchmark("calibration")


@pytest.fixture(scope="module")
def among_elements(calibration, load_benchmark):
    assert calibration
    return load_benchmark("calibration_elements")


def test_between_equal_halves_of_the_features_the_naive_test_claims_gains_and_ours_does_not(
    calibration,
):
    found = calibration.rates(calibration.ridge, 200, 0)
    assert found.corrected <= 0.08
    assert found.naive > 0.15


def test_two_seeds_of_one_ensemble_do_not_beat_each_other(calibration):
    found = calibration.rates(calibration.random_networks, 100, 0, folds=5, same=True)
    assert found.corrected <= 0.08


def test_a_planted_gain_is_found(calibration):
    found = calibration.rates(calibration.ridge, 50, 0, gain=0.2)
    assert found.relative > 0.2
    assert found.corrected >= 0.8


def test_halves_are_exchangeable_without_a_gain_and_not_with_one(calibration):
    for gain in (0.0, 0.3):
        drawn = calibration.table(np.random.default_rng(0), gain=gain)
        fit = [
            np.corrcoef(calibration.ridge(view, drawn.labels, view, ()), drawn.labels)[0, 1]
            for view in (drawn.first, drawn.second)
        ]
        assert (fit[1] - fit[0] > 0.1) == (gain > 0.0)


def test_two_seeds_are_not_the_same_learner(calibration):
    drawn = calibration.table(np.random.default_rng(0), same=True)
    assert np.array_equal(drawn.first, drawn.second)
    one, other, again = (
        calibration.random_networks(drawn.first, drawn.labels, drawn.first, path)
        for path in ((0, 0), (0, 1), (0, 0))
    )
    assert not np.allclose(one, other)
    assert np.array_equal(one, again)


@pytest.mark.parametrize(
    "words",
    [
        ("protocol=by_a", "dataset.n_labelled=null"),
        ("protocol=by_pair", "dataset.n_labelled=null"),
        ("protocol=by_element", "dataset.n_labelled=null"),
        ("protocol=learning_curve", "protocol.sizes=[60]"),
        ("protocol=draws", "dataset.n_labelled=15"),
    ],
    ids=lambda words: words[0].removeprefix("protocol="),
)
def test_where_rows_share_elements_the_naive_test_claims_gains_and_ours_does_not(
    among_elements, words
):
    found = among_elements.rates(among_elements.ridge, words, 100, 0, elements=30, rows=200)
    assert found.corrected <= 0.04
    assert found.either <= 0.08
    assert found.naive > 0.07


def test_a_planted_gain_is_found_on_new_pairs(among_elements):
    words = ("protocol=by_pair", "dataset.n_labelled=null")
    found = among_elements.rates(among_elements.ridge, words, 40, 0, gain=0.4)
    assert found.relative > 0.4
    assert found.corrected >= 0.6


def test_halves_of_descriptors_are_exchangeable_without_a_gain_and_not_with_one(among_elements):
    for gain in (0.0, 0.3):
        data, halves = among_elements.table(
            np.random.default_rng(1), elements=30, rows=300, gain=gain
        )
        fit = [
            np.corrcoef(among_elements.ridge(half, data.labels, half, ()), data.labels)[0, 1]
            for half in halves
        ]
        assert (fit[1] - fit[0] > 0.15) == (gain > 0.0)
        assert len(set(data.frame["A"]) | set(data.frame["B"])) == 30
