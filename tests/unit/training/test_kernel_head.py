"""Kernel methods on blocks of inputs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVR

from cetransfer.models.kernels import Kernels
from cetransfer.networks.predict import hidden
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.settings import NetworkSettings
from cetransfer.training.kernel_head import fit_kernels
from cetransfer.training.lesson import Lesson


@pytest.fixture
def stack():
    made = MlpStack(2, 6, NetworkSettings([16, 8], "silu", 0.0))
    made.reset([torch_generator(0, Purpose.INIT, member) for member in range(2)])
    return made


def test_the_kept_numbers_predict_what_the_support_vector_machine_predicts(problem):
    x, y = problem(80)
    z = (x - x[:60].mean(axis=0)) / x[:60].std(axis=0)
    middle, spread = y[:60].mean(), y[:60].std()
    model = SVR(C=10.0, epsilon=0.05, gamma="scale").fit(z[:60], (y[:60] - middle) / spread)
    fitted = fit_kernels("head", "svr", [[x]], Lesson(x, y, [np.arange(60)]))
    expected = middle + spread * model.predict(z)
    np.testing.assert_allclose(fitted.predict([[x]])[0], expected, atol=1e-4)


@pytest.mark.parametrize("model", ["svr", "gp"])
def test_a_kernel_head_learns_what_the_activations_tell(model, stack, problem):
    features, _ = problem(120)
    blocks = [[own] for own in hidden(stack, features)]
    labels = blocks[0][0][:, :2].sum(axis=1).astype(np.float64)
    heads = fit_kernels("head", model, blocks, Lesson(features, labels, [np.arange(80)] * 2))
    error = np.abs(heads.predict(blocks)[0, 80:] - labels[80:]).mean()
    assert error < 0.3 * np.abs(labels - labels.mean()).mean()


@pytest.mark.parametrize("model", ["svr", "gp"])
def test_it_comes_back_from_plain_arrays(model, problem):
    features, labels = problem(40)
    blocks = [[features], [features[:, :3]]]
    heads = fit_kernels("head", model, blocks, Lesson(features, labels, [np.arange(30)] * 2))
    again = Kernels.from_arrays(heads.arrays(), 2)
    assert np.array_equal(heads.predict(blocks), again.predict(blocks))


def test_a_kernel_of_several_blocks_comes_back_from_plain_arrays(problem):
    features, labels = problem(40)
    blocks = [[features[:, :2], features[:, 2:3], features[:, 3:]]] * 12
    heads = fit_kernels("head", "gp", blocks, Lesson(features, labels, [np.arange(30)] * 12))
    again = Kernels.from_arrays(heads.arrays(), 12)
    assert np.array_equal(heads.predict(blocks), again.predict(blocks))
