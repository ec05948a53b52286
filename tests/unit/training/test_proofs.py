from __future__ import annotations

import numpy as np
import pytest
import torch

from cetransfer.models.target_nets import Start
from cetransfer.training import target, task
from cetransfer.training.fit import fit
from cetransfer.training.proofs import ProofError, step_zero
from cetransfer.training.source import source_nets
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task
from cetransfer.transfer.strategy import make_strategies

STARTS = [Start(np.arange(20), 0, 0, seed, source) for seed, source in ((1, 0), (0, 1))]
LAYERS = 3


@pytest.fixture
def nets(settings, make_domain, tmp_path):
    return source_nets(settings, [make_domain("toy_source", 60, 1)], "schema", tmp_path)


@pytest.fixture
def made(settings, nets, make_domain):
    def of(name, **fields):
        settings.strategy[name] = {**settings.strategy.get(name, {}), **fields}
        strategy = next(s for s in make_strategies(settings.strategy) if s.name == name)
        target = make_domain("toy_target", 40, 2)
        task = Task(strategy, strategy.plan(LAYERS), STARTS, nets, target, settings)
        return fit_target([task])[0]

    return of


@pytest.mark.parametrize("name", ["zero_shot", "fine_tune", "freeze", "head_only"])
def test_a_copied_net_is_proved_to_start_at_its_source_to_the_bit(name, made):
    assert made(name).proofs["step_zero"] == 0.0


def test_a_new_head_is_proved_to_stand_on_the_sources_trunk(made):
    assert made("new_head", kind="new_head", learning_rate=1e-3).proofs["step_zero"] == 0.0


def test_nothing_is_to_be_proved_of_a_random_start(made):
    assert made("target_only").proofs["step_zero"] is None


@pytest.mark.parametrize("scaler", ["target", "pooled"])
def test_with_other_scalers_it_starts_at_its_source_within_rounding(settings, made, scaler):
    settings.training.scaler.x = settings.training.scaler.y = scaler
    proof = made("fine_tune").proofs
    assert 0.0 < proof["step_zero"] < 1e-4
    assert proof["scaler"] == {"x": scaler, "y": scaler}


def test_a_weight_that_was_not_copied_fails_the_run(made, monkeypatch):
    start = task.start_stack

    def broken(*arguments):
        stack = start(*arguments)
        with torch.no_grad():
            next(stack.linear_layers()).weight[1, 0, 0] += 0.5
        return stack

    monkeypatch.setattr(task, "start_stack", broken)
    with pytest.raises(ProofError, match=r"fine_tune: before its first step member 1 is .* away"):
        made("fine_tune")


def test_a_scaler_that_was_not_copied_fails_the_run(made, monkeypatch):
    start = task.start_stack

    def broken(*arguments):
        stack = start(*arguments)
        stack.y_mean += 1e-4
        return stack

    monkeypatch.setattr(task, "start_stack", broken)
    with pytest.raises(ProofError, match="zero_shot: before its first step"):
        made("zero_shot")


def test_a_trunk_that_was_not_copied_fails_under_a_new_head_too(made, monkeypatch):
    start = task.start_stack

    def broken(*arguments):
        stack = start(*arguments)
        with torch.no_grad():
            next(stack.linear_layers()).bias += 0.1
        return stack

    monkeypatch.setattr(task, "start_stack", broken)
    with pytest.raises(ProofError, match="new_head: before its first step"):
        made("new_head", kind="new_head", learning_rate=1e-3)


def leaking(change):
    """Return a fit that changes the stack after training it."""

    def broken(stack, *arguments, **more):
        losses = fit(stack, *arguments, **more)
        with torch.no_grad():
            change(stack)
        return losses

    return broken


def test_a_frozen_layer_that_moved_fails_the_run(made, monkeypatch):
    def decay(stack):
        next(stack.linear_layers()).weight.mul_(1 - 1e-6)

    monkeypatch.setattr(target, "fit", leaking(decay))
    with pytest.raises(ProofError, match="freeze: training changed frozen layers or scalers"):
        made("freeze")


@pytest.mark.parametrize("buffer", ["x_mean", "x_scale", "y_mean", "y_scale"])
def test_a_scaler_that_moved_fails_the_run(made, monkeypatch, buffer):
    def shift(stack):
        stack.get_buffer(buffer).add_(1e-3)

    monkeypatch.setattr(target, "fit", leaking(shift))
    with pytest.raises(ProofError, match="fine_tune: training changed frozen layers or scalers"):
        made("fine_tune")


def test_strong_weight_decay_does_not_reach_frozen_layers(settings, made):
    settings.training.weight_decay = 10.0
    assert len(made("freeze").proofs["frozen"]) == 64


def test_members_of_other_sources_are_not_taken_for_copies(nets):
    plan = make_strategies({"target_only": {"learning_rate": 1e-3}, "zero_shot": {}})[1].plan(
        LAYERS
    )
    stack = nets.start.take([0, 1])
    with pytest.raises(ProofError, match="source net 1"):
        step_zero("it", stack, plan, nets, [1, 1], exact=True)
