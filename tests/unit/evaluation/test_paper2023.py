from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from cetransfer.evaluation import paper2023 as module
from cetransfer.evaluation.paper2023 import repeat


@pytest.fixture(autouse=True)
def short(monkeypatch):
    for name, epochs in (("SOURCE", 2), ("TARGET_ONLY", 3), ("TRANSFER", 2)):
        monkeypatch.setattr(module, name, dataclasses.replace(getattr(module, name), epochs=epochs))
    monkeypatch.setattr(module, "HIDDEN", (16, 8))


@pytest.fixture
def domains(make_domain):
    return make_domain("toy_source", 90, 1), make_domain("toy_target", 60, 2)


def test_there_is_a_score_for_every_fold_of_the_three_trainings(domains, tmp_path):
    scores = repeat(*domains, tmp_path, 0)
    assert [(score.arm, score.fold) for score in scores] == [
        *(("source", fold) for fold in range(8)),
        *(("target_only", fold) for fold in range(10)),
        *(("transfer", fold) for fold in range(10)),
    ]
    assert all(score.best <= 2 * score.last for score in scores)
    assert all(np.isfinite([score.last, score.best, score.hold_out]).all() for score in scores)


def test_the_same_seed_gives_the_same_scores(domains, tmp_path):
    assert repeat(*domains, tmp_path / "a", 0) == repeat(*domains, tmp_path / "b", 0)
    assert repeat(*domains, tmp_path / "a", 0) != repeat(*domains, tmp_path / "c", 1)


@pytest.mark.parametrize("until", [("source", 3), ("target_only", 4), ("transfer", 5)])
def test_a_run_that_was_stopped_goes_on_to_the_same_scores(domains, tmp_path, monkeypatch, until):
    whole = repeat(*domains, tmp_path / "whole", 0)
    fold = module.ArmRun.run_fold

    def stopped(self, number, *rows):
        if (self.arm.name, number) == until:
            raise KeyboardInterrupt
        return fold(self, number, *rows)

    monkeypatch.setattr(module.ArmRun, "run_fold", stopped)
    with pytest.raises(KeyboardInterrupt):
        repeat(*domains, tmp_path / "parts", 0)
    monkeypatch.setattr(module.ArmRun, "run_fold", fold)
    assert repeat(*domains, tmp_path / "parts", 0) == whole


def test_without_transfer_the_network_goes_on_and_with_it_every_fold_starts_at_the_source(
    domains, tmp_path, monkeypatch
):
    starts = {}
    train = module.ArmRun.train

    def watched(self, number, *rows):
        weight = next(self.network.parameters()).detach().clone()
        starts[self.arm.name, number] = weight
        return train(self, number, *rows)

    monkeypatch.setattr(module.ArmRun, "train", watched)
    repeat(*domains, tmp_path, 0)
    first = starts["target_only", 0]
    assert not any(torch.equal(first, starts["target_only", fold]) for fold in range(1, 10))
    assert all(
        torch.equal(starts["transfer", 0], starts["transfer", fold]) for fold in range(1, 10)
    )
    assert not torch.equal(starts["transfer", 0], first)
