from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.svm import SVR

from cetransfer.networks.predict import hidden
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.settings import NetworkSettings
from cetransfer.training.kernel_head import KernelHeads, _gp, _svr, fit_kernel_heads
from cetransfer.training.lesson import Lesson


@pytest.fixture
def stack():
    made = MlpStack(2, 6, NetworkSettings([16, 8], "silu", 0.0))
    made.reset([torch_generator(0, Purpose.INIT, member) for member in range(2)])
    return made


def formula(fitted, x):
    """Return what centres, weights, gamma and intercept predict, written out."""
    centres, weights, gamma, intercept = fitted
    squares = ((x[:, None] - centres[None]) ** 2).sum(axis=2)
    return np.exp(-gamma * squares) @ weights + intercept


def test_the_kept_numbers_predict_what_the_support_vector_machine_predicts(problem):
    x, y = problem(80)
    model = SVR(C=10.0, epsilon=0.05, gamma="scale").fit(x[:60], y[:60])
    np.testing.assert_allclose(formula(_svr(x[:60], y[:60]), x), model.predict(x), atol=1e-6)


def test_the_kept_numbers_predict_what_the_gaussian_process_predicts(problem, monkeypatch):
    x, y = problem(60)
    seen = []
    fit = GaussianProcessRegressor.fit
    monkeypatch.setattr(
        GaussianProcessRegressor, "fit", lambda self, *data: seen.append(self) or fit(self, *data)
    )
    fitted = _gp(x[:40].astype(np.float64), y[:40])
    np.testing.assert_allclose(formula(fitted, x), seen[0].predict(x), atol=1e-6)


@pytest.mark.parametrize("model", ["svr", "gp"])
def test_a_kernel_head_learns_what_the_activations_tell(model, stack, problem):
    features, _ = problem(120)
    labels = hidden(stack, features)[0, :, :2].sum(axis=1).astype(np.float64)
    rows = [np.arange(80)] * 2
    heads = fit_kernel_heads(model, stack, Lesson(features, labels, rows))
    error = np.abs(heads.predict(stack, features)[0, 80:] - labels[80:]).mean()
    assert error < 0.3 * np.abs(labels - labels.mean()).mean()


@pytest.mark.parametrize("model", ["svr", "gp"])
def test_it_comes_back_from_plain_arrays(model, stack, problem):
    features, labels = problem(40)
    heads = fit_kernel_heads(model, stack, Lesson(features, labels, [np.arange(30)] * 2))
    again = KernelHeads.from_arrays(heads.arrays(), 2)
    assert np.array_equal(heads.predict(stack, features), again.predict(stack, features))
