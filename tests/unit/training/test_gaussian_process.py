"""Gaussian processes with a kernel for each block of inputs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from cetransfer.training import gaussian_process
from cetransfer.training.gaussian_process import fit_gaussian_process


def test_with_one_block_and_no_prior_it_finds_what_scikit_learn_finds(problem, monkeypatch):
    monkeypatch.setattr(gaussian_process, "PRIOR", 1e6)
    monkeypatch.setattr(gaussian_process, "STEPS", 200)
    x, y = problem(120)
    x = (x / x[:80].std(axis=0)).astype(np.float64)
    middle, spread = y[:80].mean(), y[:80].std()
    kernel = ConstantKernel(1.0) * RBF(2.0) + WhiteKernel(0.01)
    model = GaussianProcessRegressor(kernel, n_restarts_optimizer=3, random_state=0)
    model.fit(x[:80], (y[:80] - middle) / spread)
    expected = middle + spread * model.predict(x[80:])
    found = fit_gaussian_process([x[:80]], y[:80])([x[80:]])
    np.testing.assert_allclose(found, expected, atol=0.02 * spread)


def test_a_block_that_says_nothing_is_switched_off(problem):
    x, y = problem(300)
    noise = np.random.default_rng(1).normal(size=(300, 20))
    both = fit_gaussian_process([x[:200], noise[:200]], y[:200])([x[200:], noise[200:]])
    alone = fit_gaussian_process([x[:200]], y[:200])([x[200:]])
    error, expected = np.abs(both - y[200:]).mean(), np.abs(alone - y[200:]).mean()
    assert error < 1.3 * expected


def test_the_unit_of_a_block_plays_no_part(problem):
    x, y = problem(80)
    once = fit_gaussian_process([x[:60]], y[:60])([x[60:]])
    again = fit_gaussian_process([1000.0 * x[:60] + 5.0], y[:60])([1000.0 * x[60:] + 5.0])
    np.testing.assert_allclose(once, again, atol=1e-3)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_few_rows_are_enough_for_a_finite_prediction(rows, problem):
    x, y = problem(20)
    assert np.isfinite(fit_gaussian_process([x[:rows]], y[:rows])([x])).all()


def test_more_rows_than_the_scales_are_sought_on_are_all_learnt(problem, monkeypatch):
    monkeypatch.setattr(gaussian_process, "MOST", 50)
    x, y = problem(500)
    fitted = fit_gaussian_process([x[:400]], y[:400])
    assert len(fitted.terms[0].centres) == 400
    assert np.abs(fitted([x[400:]]) - y[400:]).mean() < 0.3 * np.abs(y - y.mean()).mean()
