from __future__ import annotations

import numpy as np
import pytest
import torch

from cetransfer.networks.predict import predict
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.settings import NetworkSettings
from cetransfer.training.lesson import Lesson

ROWS = [np.array([0, 1, 2, 3]), np.array([2, 3, 4, 5, 6])]


def scaled(features, labels, rows=ROWS):
    stack = MlpStack(len(rows), features.shape[1], NetworkSettings([4], "silu", 0.0))
    stack.reset([torch_generator(0, Purpose.INIT, member) for member in range(len(rows))])
    Lesson(features, labels, rows).fit_scalers(stack)
    return stack


def buffers(stack):
    return {name: value.clone() for name, value in stack.named_buffers()}


def test_each_member_is_standardised_on_its_own_rows(problem):
    features, labels = problem(9)
    stack = scaled(features, labels)
    for member, rows in enumerate(ROWS):
        x = (torch.from_numpy(features[rows]) - stack.x_mean[member]) / stack.x_scale[member]
        np.testing.assert_allclose(x.mean(0), 0.0, atol=1e-6)
        np.testing.assert_allclose(x.std(0, correction=0), 1.0, atol=1e-5)
        assert stack.y_mean[member].item() == pytest.approx(labels[rows].mean())
        assert stack.y_scale[member].item() == pytest.approx(labels[rows].std())


def test_rows_that_are_not_trained_on_change_nothing(problem):
    features, labels = problem(9)
    before = buffers(scaled(features, labels))
    features[7:] += 100.0
    labels[7:] -= 50.0
    after = buffers(scaled(features, labels))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_rows_of_another_member_change_nothing_either(problem):
    features, labels = problem(9)
    before = buffers(scaled(features, labels))
    features[4:7] *= 3.0
    labels[4:7] += 1.0
    after = buffers(scaled(features, labels))
    for name in before:
        assert torch.equal(before[name][0], after[name][0])
        assert not torch.equal(before[name][1], after[name][1])


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, -1e-3, 12345.678])
def test_a_constant_column_is_kept_at_zero_and_not_blown_up(problem, constant):
    features, labels = problem(9)
    features[:, 2] = constant
    stack = scaled(features, labels)
    assert (stack.x_scale[:, 0, 2] == 1.0).all()
    assert np.isfinite(predict(stack, features)).all()
    x = (torch.from_numpy(features[ROWS[0]]) - stack.x_mean[0]) / stack.x_scale[0]
    assert x[:, 2].abs().max() <= 1e-6 * max(1.0, abs(constant))


def test_a_column_of_small_numbers_is_not_taken_for_constant(problem):
    features, labels = problem(9)
    features[:, 2] *= 1e-6
    stack = scaled(features, labels)
    assert (stack.x_scale[:, 0, 2] < 1e-4).all()


def test_equal_labels_leave_the_scale_at_one(problem):
    features, labels = problem(9)
    labels[:] = -1.5
    stack = scaled(features, labels)
    assert (stack.y_scale == 1.0).all()
    assert (stack.y_mean == -1.5).all()


def test_rows_beside_count_for_the_inputs_and_each_head_for_its_own_labels(problem):
    features, labels = problem(12)
    lesson = Lesson(
        features,
        labels,
        [np.array([0, 1, 2])],
        beside=[np.arange(6, 12)],
        heads=np.repeat([1, 0], 6),
    )
    stack = MlpStack(1, features.shape[1], NetworkSettings([4], "silu", 0.0), heads=2)
    lesson.fit_scalers(stack)
    seen = features[[0, 1, 2, 6, 7, 8, 9, 10, 11]]
    np.testing.assert_allclose(stack.x_mean[0, 0], seen.mean(axis=0), atol=1e-6)
    expected = [labels[6:].mean(), labels[:3].mean()]
    np.testing.assert_allclose(stack.y_mean[0], expected, rtol=1e-6)


def test_features_and_labels_of_its_own_go_to_each_member(problem):
    features, labels = problem(6)
    extra = np.stack([np.full((6, 2), 3.0), np.full((6, 2), 5.0)]).astype(np.float32)
    lesson = Lesson(features, np.stack([labels, labels + 9.0]), [np.arange(6)] * 2, extra=extra)
    assert lesson.width == features.shape[1] + 2
    stack = MlpStack(2, lesson.width, NetworkSettings([4], "silu", 0.0))
    lesson.fit_scalers(stack)
    np.testing.assert_allclose(stack.x_mean[:, 0, -1], [3.0, 5.0])
    np.testing.assert_allclose(stack.y_mean[1] - stack.y_mean[0], 9.0, rtol=1e-6)
