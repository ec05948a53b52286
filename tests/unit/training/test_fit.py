from __future__ import annotations

import dataclasses
import signal

import numpy as np
import pytest
import torch

from cetransfer.errors import UserError
from cetransfer.networks.predict import predict
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.settings import NetworkSettings
from cetransfer.training.fit import fit
from cetransfer.training.lesson import Lesson
from cetransfer.training.module import Course, Recipe, StackModule
from cetransfer.transfer.strategy import LayerPlan

RECIPE = Recipe(5, 16, 1e-2, 0.01, 0.2, "cpu", dropout=0.1)
ALL = [LayerPlan(layer, "source", trained=True) for layer in range(3)]


def start(problem, members=2, first=0, rows=None):
    features, labels = problem(64)
    stack = MlpStack(members, features.shape[1], NetworkSettings([16, 8], "silu", 0.1))
    stack.reset([torch_generator(0, Purpose.INIT, first + member) for member in range(members)])
    rows = rows or [np.arange(48)] * members
    Lesson(features, labels, rows).fit_scalers(stack)
    return stack, features, labels, rows


def train(stack, features, labels, rows, recipe=RECIPE, plan=ALL, first=0, dropout_seed=7):
    return fit(
        stack,
        Lesson(features, labels, rows),
        [Course("test", len(rows), recipe, plan)],
        generators=[np.random.default_rng(first + member) for member in range(len(rows))],
        dropout_seed=dropout_seed,
        description="test",
    )


def state(stack):
    return {name: value.clone() for name, value in stack.state_dict().items()}


def equal(first, second):
    return {name for name in first if torch.equal(first[name], second[name])}


def test_the_same_seeds_give_the_same_bits(problem):
    first, second = start(problem), start(problem)
    assert np.array_equal(train(*first), train(*second))
    assert equal(state(first[0]), state(second[0])) == set(state(first[0]))


def test_another_dropout_seed_or_order_of_rows_gives_other_weights(problem):
    first, second, third = start(problem), start(problem), start(problem)
    train(*first)
    train(*second, dropout_seed=8)
    train(*third, first=100)
    name = "layers.0.weight"
    assert not torch.equal(first[0].state_dict()[name], second[0].state_dict()[name])
    assert not torch.equal(first[0].state_dict()[name], third[0].state_dict()[name])


def test_a_member_trains_the_same_in_any_stack(problem):
    together, alone = start(problem, members=5), start(problem, members=1, first=3)
    train(*together)
    train(*alone, first=3)
    np.testing.assert_allclose(
        predict(together[0], together[1])[3], predict(alone[0], alone[1])[0], rtol=0, atol=1e-5
    )


COURSES = [
    (RECIPE, ALL),
    (dataclasses.replace(RECIPE, learning_rate=1e-3, weight_decay=0.5), ALL),
    (RECIPE, [dataclasses.replace(layer, trained=layer.layer > 0) for layer in ALL]),
    (dataclasses.replace(RECIPE, l1=0.01, dropout=0.5), ALL),
    (dataclasses.replace(RECIPE, pull=50.0, weight_decay=0.0), ALL),
    (RECIPE, [dataclasses.replace(layer, after=0.3 * (2 - layer.layer)) for layer in ALL]),
    (RECIPE, [dataclasses.replace(layer, rate=0.1**layer.layer) for layer in ALL]),
]


def test_courses_of_one_stack_train_as_each_does_alone(problem):
    sizes = [2, 4, 2, 2, 6, 2, 2]
    firsts = np.cumsum([0, *sizes]).tolist()
    alone = [
        start(problem, members=size, first=first)
        for size, first in zip(sizes, firsts[:-1], strict=True)
    ]
    for course, (recipe, plan) in enumerate(COURSES):
        train(*alone[course], recipe, plan, first=firsts[course])
    stack, features, labels, rows = start(problem, members=firsts[-1])
    losses = fit(
        stack,
        Lesson(features, labels, rows),
        [Course(f"{size}", size, *course) for size, course in zip(sizes, COURSES, strict=True)],
        generators=[np.random.default_rng(member) for member in range(firsts[-1])],
        dropout_seed=7,
        description="test",
    )
    assert losses.shape == (15, firsts[-1])
    expected = np.concatenate([predict(each[0], features) for each in alone])
    np.testing.assert_allclose(predict(stack, features), expected, rtol=0, atol=1e-5)


def test_a_layer_frozen_in_one_course_only_keeps_its_bits_there(problem):
    stack, features, labels, rows = start(problem, members=4)
    before = state(stack)
    frozen = [dataclasses.replace(layer, trained=layer.layer == 2) for layer in ALL]
    fit(
        stack,
        Lesson(features, labels, rows),
        [Course("frozen", 2, RECIPE, frozen), Course("free", 2, RECIPE, ALL)],
        generators=[np.random.default_rng(member) for member in range(4)],
        dropout_seed=7,
        description="test",
    )
    for layer in (0, 1):
        for name in (f"layers.{layer}.weight", f"layers.{layer}.bias"):
            after = stack.state_dict()[name]
            assert torch.equal(after[:2], before[name][:2])
            assert not torch.equal(after[2:], before[name][2:])


def test_a_loss_that_is_not_finite_names_the_course(problem):
    stack, features, labels, rows = start(problem)
    labels = np.stack([labels, labels])
    labels[1, 3] = np.nan
    with pytest.raises(UserError, match="second: the training loss is not finite"):
        fit(
            stack,
            Lesson(features, labels, rows),
            [Course("first", 1, RECIPE, ALL), Course("second", 1, RECIPE, ALL)],
            generators=[np.random.default_rng(member) for member in range(2)],
            dropout_seed=7,
            description="test",
        )


def test_the_loss_falls_on_a_function_that_can_be_learnt(problem):
    stack, features, labels, rows = start(problem)
    before = np.abs(predict(stack, features)[:, :48] - labels[:48]).mean()
    recipe = dataclasses.replace(RECIPE, epochs=100, dropout=0.0)
    losses = train(stack, features, labels, rows, recipe)
    assert len(losses) == 300
    assert losses[-10:].mean() < 0.1 * losses[:10].mean()
    assert np.abs(predict(stack, features)[:, :48] - labels[:48]).mean() < 0.2 * before


def test_frozen_layers_keep_their_bits_also_under_weight_decay(problem):
    stack, features, labels, rows = start(problem)
    before = state(stack)
    recipe = dataclasses.replace(RECIPE, weight_decay=0.5)
    plan = [LayerPlan(layer, "source", trained=layer == 1) for layer in range(3)]
    train(stack, features, labels, rows, recipe, plan)
    changed = set(before) - equal(before, state(stack))
    assert changed == {"layers.1.weight", "layers.1.bias"}


def moved(stack, before):
    """Return how far each layer's weights are from where they were."""
    after = state(stack)
    return [
        (after[f"layers.{layer}.weight"] - before[f"layers.{layer}.weight"]).abs().max().item()
        for layer in range(3)
    ]


def test_a_layer_that_joins_in_later_has_moved_less_far(problem):
    stack, features, labels, rows = start(problem)
    before = state(stack)
    plan = [
        LayerPlan(0, "source", trained=True, after=0.999),
        LayerPlan(1, "source", trained=True, after=0.5),
        LayerPlan(2, "source", trained=True),
    ]
    train(stack, features, labels, rows, plan=plan)
    first, second, third = moved(stack, before)
    assert first == 0.0
    assert 0.0 < second < third


def test_a_layer_waits_for_exactly_its_share_of_the_steps(problem, monkeypatch):
    seen = []
    step = StackModule.training_step

    def watched(self, rows, number):
        loss = step(self, rows, number)
        seen.append([layer.weight.requires_grad for layer in self.stack.linear_layers()])
        return loss

    monkeypatch.setattr(StackModule, "training_step", watched)
    plan = [
        LayerPlan(n, "source", trained=True, after=after) for n, after in enumerate((0.4, 0.2, 0))
    ]
    train(*start(problem), plan=plan)
    assert [each[0] for each in seen] == [False] * 6 + [True] * 9
    assert [each[1] for each in seen] == [False] * 3 + [True] * 12
    assert all(each[2] for each in seen)


def test_a_layer_at_a_lower_rate_moves_less_far(problem):
    stack, features, labels, rows = start(problem)
    other = start(problem)
    before = state(stack)
    train(stack, features, labels, rows)
    plan = [
        LayerPlan(layer, "source", trained=True, rate=0.01 ** (2 - layer)) for layer in range(3)
    ]
    train(*other, plan=plan)
    equal_rates, rates = moved(stack, before), moved(other[0], before)
    assert rates[0] < 0.01 * equal_rates[0]
    assert rates[1] < 0.2 * equal_rates[1]


def test_equal_rates_are_the_same_as_none(problem):
    first, second = start(problem), start(problem)
    train(*first)
    train(*second, plan=[dataclasses.replace(layer, rate=1.0, after=0.0) for layer in ALL])
    assert equal(state(first[0]), state(second[0])) == set(state(first[0]))


def test_a_pull_holds_the_weights_near_their_start(problem):
    free, held = start(problem), start(problem)
    before = state(free[0])
    train(*free, dataclasses.replace(RECIPE, weight_decay=0.0))
    train(*held, dataclasses.replace(RECIPE, weight_decay=0.0, pull=50.0))
    distances = zip(moved(held[0], before), moved(free[0], before), strict=True)
    assert all(near < 0.7 * far for near, far in distances)


def test_an_l1_penalty_brings_weights_to_zero_and_leaves_biases(problem):
    free, held = start(problem), start(problem)
    train(*free, dataclasses.replace(RECIPE, epochs=50))
    train(*held, dataclasses.replace(RECIPE, epochs=50, l1=0.05))
    first, second = state(free[0]), state(held[0])
    near = {name: (values.abs() < 0.02).double().mean().item() for name, values in second.items()}
    assert near["layers.0.weight"] > 0.6
    assert (first["layers.0.weight"].abs() < 0.02).double().mean().item() < 0.3
    assert near["layers.0.bias"] < 0.5


def test_training_leaves_the_scalers_alone(problem):
    stack, features, labels, rows = start(problem)
    before = dict(stack.named_buffers())
    before = {name: value.clone() for name, value in before.items()}
    train(stack, features, labels, rows)
    assert equal(before, dict(stack.named_buffers())) == set(before)


def test_rows_that_no_member_draws_have_no_influence(problem):
    first, second = start(problem), start(problem)
    second[1][48:] = 1e3
    second[2][48:] = -1e3
    train(*first)
    train(*second)
    assert equal(state(first[0]), state(second[0])) == set(state(first[0]))


def test_the_inputs_are_not_written_to(problem):
    stack, features, labels, rows = start(problem)
    copies = features.copy(), labels.copy()
    train(stack, features, labels, rows)
    assert np.array_equal(features, copies[0])
    assert np.array_equal(labels, copies[1])


def test_a_trained_stack_asks_for_no_gradients(problem):
    stack, *rest = start(problem)
    train(stack, *rest)
    assert not any(parameter.requires_grad for parameter in stack.parameters())


def test_a_loss_that_is_not_finite_names_the_fit_the_step_and_the_remedy(problem):
    stack, features, labels, rows = start(problem)
    labels[3] = np.nan
    with pytest.raises(UserError, match=r"test: .*not finite at step \d+ of 15; lower the learn"):
        train(stack, features, labels, rows)


def test_weights_that_overflow_in_the_last_step_are_noticed_too(problem):
    stack, features, labels, rows = start(problem)
    recipe = Recipe(1, 48, 1e38, 0.0, 0.2, "cpu")
    with pytest.raises(UserError, match="not finite"):
        train(stack, features, labels, rows, recipe)


def test_an_accelerator_that_is_not_there_names_the_one_that_is(problem):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    recipe = dataclasses.replace(RECIPE, accelerator="gpu")
    with pytest.raises(UserError, match=r"accelerator=gpu.*give training\.accelerator=cpu"):
        train(*start(problem), recipe)


def test_an_unknown_accelerator_is_a_users_error(problem):
    recipe = dataclasses.replace(RECIPE, accelerator="abacus")
    with pytest.raises(UserError, match=r"accelerator=abacus.*give training\.accelerator=cpu"):
        train(*start(problem), recipe)


def test_ctrl_c_stays_ctrl_c(problem, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(StackModule, "training_step", interrupted)
    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(*start(problem))
    finally:
        signal.signal(signal.SIGINT, handler)
