from __future__ import annotations

import numpy as np
import pytest
import torch

from cetransfer.networks.predict import predict
from cetransfer.training.source import source_nets
from cetransfer.training.target import Start, fit_strategy, start_stack
from cetransfer.transfer.strategy import make_strategies

STARTS = [
    Start(np.arange(20), 0, 0, 1, 0),
    Start(np.arange(20), 0, 0, 0, 1),
    Start(np.arange(10, 30), 0, 1, 1, 1),
]
LAYERS = 3


@pytest.fixture
def strategies(settings):
    settings.strategy["freeze"]["layers"] = 2
    return {strategy.name: strategy for strategy in make_strategies(settings.strategy)}


@pytest.fixture
def source(settings, make_domain, tmp_path):
    return source_nets(settings, [make_domain("toy_source", 60, 1)], "schema", tmp_path).stack


@pytest.fixture
def trained(settings, source, strategies):
    def of(name, features, labels, starts=STARTS):
        strategy = strategies[name]
        plan = strategy.plan(LAYERS)
        return fit_strategy(strategy, plan, starts, source, features, labels, settings)

    return of


@pytest.mark.parametrize("name", ["zero_shot", "fine_tune", "freeze", "head_only"])
def test_before_its_first_step_a_transferred_net_predicts_what_its_source_predicts(
    name, settings, source, strategies, problem
):
    features, labels = problem(40, seed=2)
    stack = start_stack(strategies[name], STARTS, source, features, labels, settings)
    expected = predict(source, features)[[start.source for start in STARTS]]
    assert np.array_equal(predict(stack, features), expected)


def test_a_start_at_random_knows_nothing_of_the_source(settings, source, strategies, problem):
    features, labels = problem(40, seed=2)
    only = strategies["target_only"]
    first = start_stack(only, STARTS, source, features, labels, settings)
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1.0)
    second = start_stack(only, STARTS, source, features, labels, settings)
    assert np.array_equal(predict(first, features), predict(second, features))


def test_nets_of_one_target_seed_start_alike_in_every_fold(settings, source, strategies, problem):
    stack = start_stack(strategies["target_only"], STARTS, source, *problem(40), settings)
    weight = next(stack.linear_layers()).weight
    assert torch.equal(weight[0], weight[2])
    assert not torch.equal(weight[0], weight[1])


@pytest.mark.parametrize(
    ("name", "kept"),
    [("target_only", 0), ("fine_tune", 0), ("freeze", 2), ("head_only", 2), ("zero_shot", 3)],
)
def test_exactly_the_planned_layers_keep_the_bits_of_the_source(
    name, kept, trained, source, problem
):
    stack, losses = trained(name, *problem(40, seed=2))
    index = [start.source for start in STARTS]
    for number, (layer, origin) in enumerate(
        zip(stack.linear_layers(), source.linear_layers(), strict=True)
    ):
        same = torch.equal(layer.weight, origin.weight[index])
        assert same == torch.equal(layer.bias, origin.bias[index]) == (number < kept)
    assert (len(losses) == 0) == (name == "zero_shot")


@pytest.mark.parametrize("name", ["fine_tune", "freeze", "head_only", "zero_shot"])
def test_a_transferred_net_keeps_the_scalers_of_its_source(name, trained, source, problem):
    stack, _ = trained(name, *problem(40, seed=2))
    index = [start.source for start in STARTS]
    for buffer, values in source.named_buffers():
        assert torch.equal(stack.get_buffer(buffer), values[index])


@pytest.mark.parametrize("name", ["target_only", "zero_shot", "fine_tune", "freeze", "head_only"])
def test_labels_and_features_of_scored_rows_never_reach_a_net(name, trained, problem):
    features, labels = problem(40, seed=2)
    before = trained(name, features, labels)[0].state_dict()
    features[30:] = 17.0
    labels[30:] = -99.0
    after = trained(name, features, labels)[0].state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_rows_of_another_fold_do_not_reach_a_member(trained, problem):
    features, labels = problem(40, seed=2)
    before, _ = trained("fine_tune", features, labels)
    first = predict(before, features[:10])
    labels[20:30] += 5.0
    after, _ = trained("fine_tune", features, labels)
    second = predict(after, features[:10])
    assert np.array_equal(first[:2], second[:2])
    assert not np.allclose(first[2], second[2])


def test_another_seed_gives_other_nets(settings, trained, problem):
    features, labels = problem(40, seed=2)
    first = predict(trained("target_only", features, labels)[0], features)
    settings.seed = 1
    second = predict(trained("target_only", features, labels)[0], features)
    assert not np.allclose(first, second)


def test_training_does_not_write_into_the_source(trained, source, problem):
    before = {name: value.clone() for name, value in source.state_dict().items()}
    trained("fine_tune", *problem(40, seed=2))
    assert all(torch.equal(value, before[name]) for name, value in source.state_dict().items())


def test_seed_paths_of_folds_and_of_the_net_on_all_rows_differ():
    paths = {Start(np.arange(3), 0, fold, 1, 0).batches_path for fold in (None, 0, 1)}
    assert len(paths) == 3
