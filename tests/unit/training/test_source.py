from __future__ import annotations

import numpy as np
import pytest
import torch

from cetransfer.networks.predict import predict
from cetransfer.training.source import per_epoch, source_key, source_nets


@pytest.fixture
def made(settings, problem, tmp_path):
    """Call to get the source nets of the settings as they are now."""
    features, labels = problem(60)

    def make():
        return source_nets(settings, features, labels, "schema", tmp_path)

    return make


def test_stored_nets_are_taken_and_not_trained_again(made, problem, tmp_path):
    first = made()
    files = sorted((tmp_path / first.key).iterdir())
    assert [file.name for file in files] == ["model.json", "model.safetensors"]
    written = [file.stat().st_mtime_ns for file in files]
    second = made()
    assert [file.stat().st_mtime_ns for file in files] == written
    assert second.key == first.key
    features, _ = problem(60)
    assert np.array_equal(predict(first.stack, features), predict(second.stack, features))
    assert second.about["losses"] == first.about["losses"]


def test_what_made_the_nets_is_kept_with_them(made, settings):
    about = made().about
    assert about["kind"] == "source"
    assert about["rows"] == 60
    assert about["features"] == "schema"
    assert about["seed"] == 0
    assert about["recipe"]["epochs"] == settings.training.source.epochs
    assert about["steps"] == 15
    assert len(about["losses"]) == 4


def test_the_same_seed_gives_the_same_bits(made, tmp_path):
    first = made()
    (tmp_path / first.key).rename(tmp_path / "aside")
    second = made().stack.state_dict()
    assert all(torch.equal(value, second[name]) for name, value in first.stack.state_dict().items())


def test_another_seed_gives_other_nets_under_another_key(made, settings, problem):
    first = made()
    settings.seed = 1
    second = made()
    assert second.key != first.key
    features, _ = problem(60)
    assert not np.allclose(predict(first.stack, features), predict(second.stack, features))


def test_every_net_has_its_own_start(made, problem):
    features, _ = problem(60)
    first, second = predict(made().stack, features)
    assert not np.allclose(first, second)


def test_every_net_has_its_own_identifier(made):
    nets = made()
    assert nets.identifier(0) == f"{nets.key}/0"
    assert nets.identifier(0) != nets.identifier(1)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s.network, "hidden", [8, 5]),
        lambda s: setattr(s.network, "activation", "relu"),
        lambda s: setattr(s.network, "dropout", 0.2),
        lambda s: setattr(s.protocol, "members", 3),
        lambda s: setattr(s.training, "weight_decay", 0.5),
        lambda s: setattr(s.training, "loss_beta", 0.5),
        lambda s: setattr(s.training.source, "epochs", 5),
        lambda s: setattr(s.training.source, "batch_size", 8),
        lambda s: setattr(s.training.source, "learning_rate", 1e-4),
        lambda s: setattr(s, "seed", 1),
    ],
)
def test_whatever_changes_the_nets_changes_their_key(settings, problem, change):
    before = source_key(settings, *problem(60), "schema")
    change(settings)
    assert source_key(settings, *problem(60), "schema") != before


def test_data_and_features_are_part_of_the_key(settings, problem):
    features, labels = problem(60)
    keys = {source_key(settings, features, labels, "schema")}
    keys.add(source_key(settings, features, labels, "another schema"))
    labels[59] += 1e-9
    keys.add(source_key(settings, features, labels, "schema"))
    features[0, 0] += 1e-3
    keys.add(source_key(settings, features, labels, "schema"))
    assert len(keys) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s, "quiet", True),
        lambda s: setattr(s, "output_dir", "elsewhere"),
        lambda s: setattr(s.protocol, "folds", 5),
        lambda s: setattr(s.training, "epochs", 9),
        lambda s: setattr(s.dataset, "draw", 3),
        lambda s: s.strategy.pop("freeze"),
    ],
)
def test_what_only_the_target_sees_lets_the_nets_be_shared(settings, problem, change):
    before = source_key(settings, *problem(60), "schema")
    change(settings)
    assert source_key(settings, *problem(60), "schema") == before


def test_the_loss_of_each_pass_is_the_mean_of_its_steps():
    losses = np.array([4.0, 2.0, 3.0, 1.0], np.float32)
    assert per_epoch(losses, 2) == [3.0, 2.0]
    assert per_epoch(losses, 100) == [4.0, 2.0, 3.0, 1.0]
