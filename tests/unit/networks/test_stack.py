from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from cetransfer.errors import UserError
from cetransfer.networks.predict import CHUNK, predict
from cetransfer.networks.stack import Dropout, MlpStack
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.settings import NetworkSettings

SMALL = NetworkSettings([5, 3], "silu", 0.0)
MODULES = {"relu": torch.nn.ReLU, "silu": torch.nn.SiLU, "tanh": torch.nn.Tanh}


def started(members, inputs=4, settings=SMALL, first=0):
    stack = MlpStack(members, inputs, settings)
    stack.reset([torch_generator(0, Purpose.INIT, first + member) for member in range(members)])
    return stack


def test_a_batch_of_every_member_gives_one_number_per_member_and_row():
    assert started(3)(torch.zeros(3, 7, 4)).shape == (3, 7, 1)


def test_layers_run_from_the_inputs_over_the_hidden_widths_to_one_output():
    shapes = [tuple(layer.weight.shape) for layer in started(3).linear_layers()]
    assert shapes == [(3, 4, 5), (3, 5, 3), (3, 3, 1)]
    assert [tuple(layer.bias.shape) for layer in started(3).linear_layers()] == [
        (3, 1, 5),
        (3, 1, 3),
        (3, 1, 1),
    ]


@pytest.mark.parametrize("activation", sorted(MODULES))
def test_a_member_is_a_plain_multilayer_perceptron(activation):
    stack = started(3, settings=NetworkSettings([5, 3], activation, 0.3))
    stack.x_mean += torch.randn(3, 1, 4)
    stack.x_scale *= 2.5
    stack.y_mean += torch.tensor([[1.0], [2.0], [3.0]])
    stack.y_scale *= 0.7
    features = np.random.default_rng(0).normal(size=(11, 4)).astype(np.float32)
    found = predict(stack, features)
    for member in range(3):
        plain = []
        for layer in stack.linear_layers():
            linear = torch.nn.Linear(*layer.weight.shape[1:])
            linear.load_state_dict(
                {"weight": layer.weight[member].T, "bias": layer.bias[member, 0]}
            )
            plain += [linear, MODULES[activation]()]
        network = torch.nn.Sequential(*plain[:-1])
        x = (torch.from_numpy(features) - stack.x_mean[member]) / stack.x_scale[member]
        with torch.no_grad():
            expected = network(x)[:, 0] * stack.y_scale[member] + stack.y_mean[member]
        np.testing.assert_allclose(found[member], expected.numpy(), rtol=1e-5, atol=1e-6)


def test_a_member_starts_the_same_in_any_stack():
    many, one = started(5), started(1, first=3)
    for in_many, alone in zip(many.linear_layers(), one.linear_layers(), strict=True):
        assert torch.equal(in_many.weight[3], alone.weight[0])
        assert torch.equal(in_many.bias[3], alone.bias[0])


def test_members_with_different_generators_start_differently():
    first, second = next(started(2).linear_layers()).weight
    assert not torch.equal(first, second)


def test_the_start_is_that_of_a_linear_layer():
    widths = [400, 300, 1]
    stack = started(2, inputs=400, settings=NetworkSettings([300], "relu", 0.0))
    for layer, (inputs, _) in zip(stack.linear_layers(), pairwise(widths), strict=True):
        bound = 1.0 / np.sqrt(inputs)
        assert layer.weight.abs().max() <= bound
        # a uniform distribution has a standard deviation of bound / sqrt(3)
        assert float(layer.weight.detach().std()) == pytest.approx(bound / np.sqrt(3.0), rel=0.1)


def test_an_unknown_activation_is_named_with_those_there_are():
    with pytest.raises(UserError, match=r"network\.activation=swish.*relu, silu, tanh"):
        MlpStack(1, 4, NetworkSettings([5], "swish", 0.0))


def test_dropout_needs_a_generator_and_keeps_the_mean():
    stack = started(1, inputs=4, settings=NetworkSettings([2000], "relu", 0.5))
    x = torch.ones(1, 400, 4)
    with torch.no_grad():
        without = stack.standardised(x)
        assert torch.equal(without, stack.standardised(x))
        rates = torch.tensor([0.5], dtype=torch.float64)
        dropped = stack.standardised(x, Dropout(torch.Generator().manual_seed(0), rates))
    assert dropped.std() > 0
    assert float(dropped.mean()) == pytest.approx(float(without.mean()), abs=0.02)


@pytest.mark.parametrize("each", [1, 2])
def test_each_part_of_the_members_drops_its_own_share(each):
    rates = torch.tensor([0.0, 0.25, 0.75], dtype=torch.float64)
    dropped = Dropout(torch.Generator().manual_seed(0), rates)(torch.ones(3 * each, 100, 1000))
    shares = dropped.eq(0).double().mean(dim=(1, 2)).tolist()
    assert shares == pytest.approx(np.repeat([0.0, 0.25, 0.75], each), abs=0.01)
    assert dropped.mean(dim=(1, 2)).tolist() == pytest.approx([1.0] * 3 * each, abs=0.02)


def test_predictions_do_not_depend_on_how_the_rows_are_cut():
    stack = started(2)
    features = np.random.default_rng(1).normal(size=(2 * CHUNK + 7, 4)).astype(np.float32)
    whole = predict(stack, features)
    assert whole.shape == (2, 2 * CHUNK + 7)
    chosen = [0, CHUNK - 1, CHUNK, 2 * CHUNK + 6]
    alone = np.concatenate([predict(stack, features[[row]]) for row in chosen], axis=1)
    np.testing.assert_allclose(whole[:, chosen], alone, rtol=1e-5, atol=1e-6)


def test_no_rows_give_no_predictions():
    assert predict(started(3), np.empty((0, 4), np.float32)).shape == (3, 0)
