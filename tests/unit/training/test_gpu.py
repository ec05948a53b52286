"""Training on a GPU, where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cetransfer.networks.predict import predict
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.settings import NetworkSettings
from cetransfer.training.fit import fit
from cetransfer.training.lesson import Lesson
from cetransfer.training.module import Course, Recipe
from cetransfer.transfer.strategy import LayerPlan

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")

RECIPE = Recipe(5, 32, 1e-2, 0.01, 0.2, "gpu")
ALL = [LayerPlan(layer, "source", trained=True) for layer in range(3)]
COURSES = 8


@pytest.fixture
def trained(problem):
    """Call with courses of two members each to get a stack, its losses, and the features."""

    def train(*courses):
        features, labels = problem(256)
        members = 2 * len(courses)
        stack = MlpStack(members, features.shape[1], NetworkSettings([64, 32], "silu", 0.1))
        stack.reset([torch_generator(0, Purpose.INIT, member) for member in range(members)])
        lesson = Lesson(features, labels, [np.arange(192)] * members)
        lesson.fit_scalers(stack)
        losses = fit(
            stack,
            lesson,
            [Course(str(number), 2, *course) for number, course in enumerate(courses)],
            generators=[np.random.default_rng(member) for member in range(members)],
            dropout_seed=7,
            description="test",
        )
        return stack, losses, features, labels

    return train


def test_without_dropout_a_gpu_gives_the_cpu_s_numbers_in_full_float32(trained):
    courses = [
        (RECIPE, ALL),
        (RECIPE, [replace(layer, trained=layer.layer > 0, rate=0.5) for layer in ALL]),
        (RECIPE, [replace(layer, after=0.3 * (2 - layer.layer)) for layer in ALL]),
        (replace(RECIPE, l1=0.01, pull=10.0, weight_decay=0.0), ALL),
    ]
    # products of 10 bits, which whoever trains here may have asked for, would be 3e-4 off
    torch.set_float32_matmul_precision("high")
    on_gpu, losses, features, _ = trained(*courses)
    assert torch.get_float32_matmul_precision() == "highest"
    on_cpu, expected, *_ = trained(
        *((replace(recipe, accelerator="cpu"), plan) for recipe, plan in courses)
    )
    np.testing.assert_allclose(losses[0], expected[0], rtol=1e-5)
    np.testing.assert_allclose(losses, expected, rtol=1e-2, atol=1e-4)
    np.testing.assert_allclose(
        predict(on_gpu, features), predict(on_cpu, features), rtol=0, atol=1e-2
    )


def test_the_same_seeds_give_the_same_bits_on_a_gpu_too(trained):
    courses = [(replace(RECIPE, dropout=rate), ALL) for rate in (0.1, 0.5)]
    (first, losses, *_), (second, again, *_) = trained(*courses), trained(*courses)
    assert np.array_equal(losses, again)
    states = second.state_dict()
    assert all(torch.equal(values, states[name]) for name, values in first.state_dict().items())


def test_other_dropout_masks_give_networks_as_good(trained):
    recipe = replace(RECIPE, epochs=40, dropout=0.1)
    errors = []
    for accelerator in ("gpu", "cpu"):
        course = (replace(recipe, accelerator=accelerator), ALL)
        stack, _, features, labels = trained(*[course] * COURSES)
        errors.append(np.abs(predict(stack, features) - labels)[:, 192:].mean(axis=1))
    change = errors[0] - errors[1]
    # other masks, the same starts and rows: the paired change is chance
    assert abs(change.mean()) < 4 * change.std(ddof=1) / np.sqrt(len(change))
    assert errors[0].mean() < 0.5


def test_what_a_gpu_trained_predicts_the_same_on_the_cpu(trained):
    stack, _, features, _ = trained((RECIPE, ALL))
    assert stack.y_mean.device.type == "cpu"
    expected = predict(stack, features)
    np.testing.assert_allclose(predict(stack.cuda(), features), expected, rtol=0, atol=1e-5)
