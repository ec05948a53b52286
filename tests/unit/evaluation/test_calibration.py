"""The test of the test, in small; `benchmarks/calibration.py` does it in full."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "calibration.py"


@pytest.fixture(scope="module")
def calibration():
    spec = importlib.util.spec_from_file_location("calibration", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


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
