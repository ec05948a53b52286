from __future__ import annotations

import numpy as np
import pytest
import torch

from cetransfer.evaluation.paper2023.training import ArmRun, stored_scores, train_in_turn

HIDDEN = [16, 8]


@pytest.fixture(scope="module")
def trained(domains, recipe):
    """Call with a folder to train all arms in this process; returns their scores."""

    def train(folder, seed=0):
        for arms in recipe.sequences:
            train_in_turn(arms, *domains, HIDDEN, folder, seed)
        return {arm.place: stored_scores(arm, folder) for arm in recipe.arms}

    return train


@pytest.fixture(scope="module")
def whole(trained, tmp_path_factory):
    """Return the scores of an undisturbed run."""
    return trained(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def watched(monkeypatch):
    """Collect the first weights, inputs and optimiser state of each fold, and its rows."""
    seen = {}
    train = ArmRun.train

    def watch(self, fold, train_rows, test_rows):
        seen[self.arm.place, fold] = {
            "weight": next(self.network.parameters()).detach().clone(),
            "steps": len(self.optimizer.state_dict()["state"]),
            "x": self.x.numpy(),
            "train": train_rows,
            "test": test_rows,
            "hold_out": self.hold_out,
        }
        return train(self, fold, train_rows, test_rows)

    monkeypatch.setattr(ArmRun, "train", watch)
    return seen


def equal(*weights):
    return [torch.equal(weights[0], weight) for weight in weights[1:]]


def test_there_is_a_score_for_every_fold_of_all_trainings(whole):
    assert {place: [score.fold for score in own] for place, own in whole.items()} == {
        "source": [0, 1, 2],
        "target_only": list(range(10)),
        "transfer": list(range(10)),
        "leak_free/source": [0],
        "leak_free/target_only": list(range(10)),
        "leak_free/transfer": list(range(10)),
    }
    for place, own in whole.items():
        assert all(np.isfinite([score.last, score.hold_out]).all() for score in own)
        assert all((score.best is None) == place.startswith("leak_free") for score in own)


def test_the_same_seed_gives_the_same_scores(trained, whole, tmp_path):
    assert trained(tmp_path / "again") == whole
    assert trained(tmp_path / "other", 1) != whole


@pytest.mark.parametrize(
    "until",
    [
        ("source", 1),
        ("target_only", 4),
        ("transfer", 5),
        ("leak_free/target_only", 0),
        ("leak_free/transfer", 3),
    ],
)
def test_a_run_that_was_stopped_goes_on_to_the_same_scores(
    trained, whole, tmp_path, monkeypatch, until
):
    fold = ArmRun.run_fold

    def stopped(self, number, *rows):
        if (self.arm.place, number) == until:
            raise KeyboardInterrupt
        fold(self, number, *rows)

    monkeypatch.setattr(ArmRun, "run_fold", stopped)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "parts")
    monkeypatch.setattr(ArmRun, "run_fold", fold)
    assert trained(tmp_path / "parts") == whole


def test_as_published_the_network_goes_on_and_with_transfer_every_fold_starts_at_the_source(
    trained, tmp_path, watched
):
    trained(tmp_path)
    alone = [watched["target_only", fold] for fold in range(10)]
    transfer = [watched["transfer", fold] for fold in range(10)]
    assert not any(equal(*(each["weight"] for each in alone)))
    assert all(equal(*(each["weight"] for each in transfer)))
    assert not any(equal(alone[0]["weight"], transfer[0]["weight"]))
    # the optimiser goes on in both
    for arm in (alone, transfer):
        assert [bool(each["steps"]) for each in arm] == [False] + [True] * 9


def test_without_leaks_every_fold_begins_anew(trained, tmp_path, watched):
    trained(tmp_path)
    source = watched["leak_free/source", 0]["weight"]
    alone = [watched["leak_free/target_only", fold] for fold in range(10)]
    transfer = [watched["leak_free/transfer", fold] for fold in range(10)]
    assert not any(each["steps"] for each in (*alone, *transfer))
    assert not any(equal(*(each["weight"] for each in alone)))
    assert all(equal(*(each["weight"] for each in transfer)))
    assert not any(equal(source, transfer[0]["weight"]))


def test_the_order_in_which_leak_free_folds_are_trained_changes_nothing(trained, whole, tmp_path):
    trained(tmp_path)
    place = "leak_free/target_only"
    for fold in (2, 7):
        (tmp_path / place / f"{fold}.json").unlink()
    assert trained(tmp_path)[place] == whole[place]


def test_inputs_are_scaled_by_all_rows_as_published_and_by_training_rows_without_leaks(
    trained, tmp_path, watched
):
    trained(tmp_path)
    for fold in range(10):
        leaking, free = (watched[f"{place}target_only", fold] for place in ("", "leak_free/"))
        np.testing.assert_allclose(leaking["x"].max(axis=0), 1, rtol=1e-6)
        own = free["x"][free["train"]]
        np.testing.assert_allclose(own.min(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(own.max(axis=0), 1, rtol=1e-6)
    assert any(watched["leak_free/target_only", fold]["x"].max() > 1.0 + 1e-6 for fold in range(10))


def test_both_procedures_score_the_same_rows_none_of_them_trained_on(trained, tmp_path, watched):
    trained(tmp_path)
    scored = []
    for fold in range(10):
        leaking, free = (watched[f"{place}transfer", fold] for place in ("", "leak_free/"))
        for part in ("train", "test", "hold_out"):
            np.testing.assert_array_equal(leaking[part], free[part])
        kept = np.concatenate([free["test"], free["hold_out"]])
        assert not np.intersect1d(free["train"], kept).size
        scored += free["test"].tolist()
    assert sorted([*scored, *free["hold_out"].tolist()]) == list(range(60))


def test_the_checkpoint_is_the_epoch_with_the_lowest_loss(whole):
    for score in whole["target_only"]:
        assert score.best <= 2 * score.last


def test_training_leaves_the_arithmetic_of_the_process_as_it_was(trained, tmp_path):
    threads = torch.get_num_threads()
    trained(tmp_path)
    assert torch.get_num_threads() == threads
    assert float(torch.tensor([1e-40]).mul(1.0)) > 0.0
