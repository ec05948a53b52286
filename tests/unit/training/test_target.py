from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from cetransfer.models.target_nets import Start
from cetransfer.networks.predict import predict
from cetransfer.training.source import source_nets
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task
from cetransfer.transfer.strategy import Trained, copies, make_strategies

STARTS = [
    Start(np.arange(20), 0, 0, 1, 0),
    Start(np.arange(20), 0, 0, 0, 1),
    Start(np.arange(10, 30), 0, 1, 1, 1),
]
LAYERS = 3
ALL = [
    "target_only",
    "zero_shot",
    "fine_tune",
    "layer_wise",
    "gradual_unfreeze",
    "l2_sp",
    "freeze",
    "head_only",
    "new_head",
    "joint",
    "joint_sources",
    "source_sequence",
    "source_input",
    "residual",
    "kernel_head",
]
COPIED = ["zero_shot", "fine_tune", "layer_wise", "gradual_unfreeze", "l2_sp", "freeze"]


@pytest.fixture
def settings(compose):
    chosen = compose(
        "network.hidden=[8,4]",
        f"strategy=[{','.join(ALL)}]",
        "protocol.members=2",
        "training.epochs=4",
        "training.batch_size=8",
        "training.source.epochs=4",
        "training.source.batch_size=16",
    )
    chosen.strategy["freeze"]["layers"] = 2
    return chosen


@pytest.fixture
def strategies(settings):
    return {strategy.name: strategy for strategy in make_strategies(settings.strategy)}


@pytest.fixture
def nets(settings, make_domain, tmp_path):
    return source_nets(settings, [make_domain("toy_source", 60, 1)], "schema", tmp_path)


@pytest.fixture
def target(make_domain):
    """A target whose other site order has features of its own."""
    domain = make_domain("toy_target", 40, 2)
    return dataclasses.replace(domain, exchanged=np.ascontiguousarray(domain.views[0][:, ::-1]))


@pytest.fixture
def trained(settings, nets, strategies):
    def of(name, target, starts=STARTS):
        strategy = strategies[name]
        task = Task(strategy, strategy.plan(LAYERS), starts, nets, target, settings)
        return fit_target([task])[0]

    return of


@pytest.fixture
def begun(settings, strategies, trained):
    """The same at a learning rate too small to move a weight."""

    def of(name, target):
        settings.training.epochs = 1
        if isinstance(strategies[name], Trained):
            strategies[name] = dataclasses.replace(strategies[name], learning_rate=1e-30)
        return trained(name, target)

    return of


@pytest.mark.parametrize("scaler", ["source", "target", "pooled"])
@pytest.mark.parametrize("name", COPIED)
def test_before_its_first_step_a_transferred_net_predicts_what_its_source_predicts(
    name, scaler, settings, begun, nets, target
):
    settings.training.scaler.x = settings.training.scaler.y = scaler
    made = begun(name, target)
    expected = predict(nets.stack, target.features)[[start.source for start in STARTS]]
    if scaler == "source":
        assert np.array_equal(made.predict(target, nets), expected)
    else:
        np.testing.assert_allclose(made.predict(target, nets), expected, atol=1e-4)


def test_scalers_of_the_target_stand_on_training_rows_only(settings, begun, target):
    settings.training.scaler.x = settings.training.scaler.y = "target"
    stack = begun("fine_tune", target).stack
    for member, start in enumerate(STARTS):
        x, y = target.features[start.rows], target.labels[start.rows]
        np.testing.assert_allclose(stack.x_mean[member, 0], x.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(stack.y_mean[member], y.mean(), rtol=1e-5)
        np.testing.assert_allclose(stack.y_scale[member], y.std(), rtol=1e-5)


def test_a_start_at_random_knows_nothing_of_the_source(trained, nets, target):
    first = trained("target_only", target).predict(target, nets)
    with torch.no_grad():
        for parameter in nets.stack.parameters():
            parameter.add_(1.0)
    second = trained("target_only", target).predict(target, nets)
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", [name for name in ALL if name != "target_only"])
def test_every_other_strategy_depends_on_the_source(
    name, settings, strategies, target, make_domain, tmp_path
):
    predicted = []
    for seed in (1, 7):
        nets = source_nets(settings, [make_domain("toy_source", 60, seed)], "schema", tmp_path)
        strategy = strategies[name]
        task = Task(strategy, strategy.plan(LAYERS), STARTS, nets, target, settings)
        (made,) = fit_target([task])
        predicted.append(made.predict(target, nets))
    assert not np.allclose(*predicted)


def test_nets_of_one_target_seed_start_alike_in_every_fold(begun, target):
    weight = next(begun("target_only", target).stack.linear_layers()).weight
    assert torch.equal(weight[0], weight[2])
    assert not torch.equal(weight[0], weight[1])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("fine_tune", 0),
        ("layer_wise", 0),
        ("gradual_unfreeze", 0),
        ("l2_sp", 0),
        ("new_head", 0),
        ("freeze", 2),
        ("head_only", 2),
        ("zero_shot", 3),
        ("kernel_head", 3),
    ],
)
def test_exactly_the_planned_layers_keep_the_bits_of_the_source(name, kept, trained, nets, target):
    made = trained(name, target)
    index = [start.source for start in STARTS]
    for number, (layer, origin) in enumerate(
        zip(made.stack.linear_layers(), nets.stack.linear_layers(), strict=True)
    ):
        same = torch.equal(layer.weight, origin.weight[index])
        assert same == torch.equal(layer.bias, origin.bias[index]) == (number < kept)
    assert (len(made.losses) == 0) == (name in {"zero_shot", "kernel_head"})


@pytest.mark.parametrize("name", COPIED)
def test_a_transferred_net_keeps_the_scalers_of_its_source(name, trained, nets, target):
    stack = trained(name, target).stack
    index = [start.source for start in STARTS]
    for buffer, values in nets.stack.named_buffers():
        assert torch.equal(stack.get_buffer(buffer), values[index])


def spoilt(target, rows):
    """Return the target with other labels in some rows."""
    frame = target.data.frame.copy()
    frame.loc[rows, "formation_energy"] = -99.0
    return dataclasses.replace(target, data=dataclasses.replace(target.data, frame=frame))


@pytest.mark.parametrize("reference", ["none", "per_element"])
@pytest.mark.parametrize("name", ALL)
def test_labels_of_scored_rows_never_reach_a_prediction(
    name, reference, settings, trained, nets, target
):
    settings.dataset.reference = reference
    before = trained(name, target).predict(target, nets)
    after = trained(name, spoilt(target, range(30, 40))).predict(target, nets)
    assert np.array_equal(before, after)


@pytest.mark.parametrize("name", [name for name in ALL if name != "zero_shot"])
def test_rows_of_another_fold_do_not_reach_a_member(name, trained, nets, target):
    before = trained(name, target).predict(target, nets)
    after = trained(name, spoilt(target, range(20, 30))).predict(target, nets)
    assert np.array_equal(before[:2], after[:2])
    assert not np.allclose(before[2], after[2])


def test_another_seed_gives_other_nets(settings, trained, nets, target):
    first = trained("target_only", target).predict(target, nets)
    settings.seed = 1
    second = trained("target_only", target).predict(target, nets)
    assert not np.allclose(first, second)


@pytest.mark.parametrize("name", ALL)
def test_training_does_not_write_into_the_source(name, trained, nets, target):
    before = {name: value.clone() for name, value in nets.stack.state_dict().items()}
    trained(name, target)
    after = nets.stack.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_residual_net_adds_to_what_the_source_net_predicts(begun, nets, target):
    made = begun("residual", target)
    own = predict(made.stack, target.features)
    expected = own + predict(nets.stack, target.features)[[start.source for start in STARTS]]
    np.testing.assert_allclose(made.predict(target, nets), expected, rtol=1e-6)


def test_source_inputs_are_the_source_nets_predictions_for_both_site_orders(trained, nets, target):
    stack = trained("source_input", target).stack
    assert stack.x_mean.shape[2] == target.features.shape[1] + 2
    for member, start in enumerate(STARTS):
        for column, features in ((-2, target.features), (-1, target.exchanged)):
            seen = predict(nets.stack, features)[start.source, start.rows]
            assert stack.x_mean[member, 0, column].item() == pytest.approx(seen.mean(), rel=1e-4)


def test_joint_nets_are_left_with_the_head_of_the_target(begun, target):
    stack = begun("joint", target).stack
    assert stack.heads == 1
    means = [target.labels[start.rows].mean() for start in STARTS]
    np.testing.assert_allclose(stack.y_mean[:, 0], means, rtol=1e-5)


def test_strategies_that_copy_are_told_from_those_that_do_not(strategies):
    fresh = {name for name in ALL if not copies(strategies[name].plan(LAYERS))}
    assert fresh == {"target_only", "joint", "source_input", "residual"}


def test_seed_paths_of_folds_and_of_the_net_on_all_rows_differ():
    paths = {Start(np.arange(3), 0, fold, 1, 0).batches_path for fold in (None, 0, 1)}
    assert len(paths) == 3
