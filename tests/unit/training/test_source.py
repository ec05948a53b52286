from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from cetransfer.errors import UserError
from cetransfer.networks.predict import predict
from cetransfer.training.source import per_epoch, source_key, source_nets

SIZES = {"one": 60, "two": 30, "three": 40}


@pytest.fixture
def source(make_domain):
    return make_domain("toy_source", 60, 0)


@pytest.fixture
def made(settings, source, tmp_path):
    """Call to get the source nets of the settings as they are now."""

    def make():
        return source_nets(settings, [source], "schema", tmp_path)

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
        lambda s: setattr(s.training.source, "nets", 3),
        lambda s: setattr(s.training, "weight_decay", 0.5),
        lambda s: setattr(s.training, "loss_beta", 0.5),
        lambda s: setattr(s.training.source, "epochs", 5),
        lambda s: setattr(s.training.source, "batch_size", 8),
        lambda s: setattr(s.training.source, "learning_rate", 1e-4),
        lambda s: setattr(s, "seed", 1),
    ],
)
def test_whatever_changes_the_nets_changes_their_key(settings, source, change):
    before = source_key(settings, [source], "schema")
    change(settings)
    assert source_key(settings, [source], "schema") != before


def test_nets_are_shared_whichever_key_says_how_many(settings, source):
    before = source_key(settings, [source], "schema")
    settings.training.source.nets = settings.protocol.members
    settings.protocol.members += 1
    assert source_key(settings, [source], "schema") == before


@pytest.mark.parametrize("count", [1, 5])
def test_there_are_as_many_nets_as_asked_for_in_every_set(settings, source, tmp_path, count):
    settings.training.source.nets = count
    without = [frozenset({"Li"}), frozenset()]
    nets = source_nets(settings, [source], "schema", tmp_path, without=without)
    assert nets.stack.members == 2 * count
    for net in range(2 * count):
        # 16 of the 60 rows hold lithium
        assert len(nets.rows_of(net)[0]) == (60 if net >= count else 44)


def test_data_and_features_are_part_of_the_key(settings, source):
    def key(schema="schema"):
        return source_key(settings, [source], schema)

    keys = {key(), key("another schema")}
    source.data.frame.loc[59, "formation_energy"] += 1e-9
    keys.add(key())
    source.views[0][0, 0] += 1e-3
    keys.add(key())
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
def test_what_only_the_target_sees_lets_the_nets_be_shared(settings, source, change):
    before = source_key(settings, [source], "schema")
    change(settings)
    assert source_key(settings, [source], "schema") == before


def test_the_loss_of_each_pass_is_the_mean_of_its_steps():
    losses = np.array([4.0, 2.0, 3.0, 1.0], np.float32)
    assert per_epoch(losses, 2) == [3.0, 2.0]
    assert per_epoch(losses, 100) == [4.0, 2.0, 3.0, 1.0]


@pytest.fixture
def three(make_domain):
    return [make_domain(name, rows, seed) for seed, (name, rows) in enumerate(SIZES.items())]


def shifted(domain, by):
    """Return the domain with other labels."""
    frame = domain.data.frame.assign(formation_energy=domain.data.labels + by)
    return dataclasses.replace(domain, data=dataclasses.replace(domain.data, frame=frame))


def test_in_a_sequence_each_source_starts_from_the_nets_of_the_one_before(
    settings, three, tmp_path
):
    nets = source_nets(settings, three, "schema", tmp_path)
    assert [stage.about["sources"] for stage in nets.stages] == [[name] for name in SIZES]
    alone = source_nets(settings, three[:1], "schema", tmp_path)
    assert nets.stages[0].key == alone.key == nets.stages[1].about["earlier"]
    # the first stage's scalers travel with its weights
    assert torch.equal(nets.stack.x_mean, alone.stack.x_mean)
    assert torch.equal(nets.start.y_mean, alone.stack.y_mean)
    other = source_nets(settings, three[2:], "schema", tmp_path)
    features = three[2].features
    assert not np.allclose(predict(nets.start, features), predict(other.start, features))


def test_the_order_of_a_sequence_matters(settings, three, tmp_path):
    first = source_nets(settings, three, "schema", tmp_path)
    second = source_nets(settings, three[::-1], "schema", tmp_path)
    assert first.key != second.key


def test_a_change_of_the_first_source_reaches_the_key_of_the_last(settings, three, tmp_path):
    first = source_nets(settings, three, "schema", tmp_path)
    changed = [shifted(three[0], 1e-9), *three[1:]]
    second = source_nets(settings, changed, "schema", tmp_path)
    assert not {stage.key for stage in first.stages} & {stage.key for stage in second.stages}


def test_joint_nets_have_a_head_on_the_scale_of_each_source(settings, three, tmp_path):
    settings.dataset.pretrain = "joint"
    sources = [three[0], shifted(three[1], 10.0), three[2]]
    nets = source_nets(settings, sources, "schema", tmp_path)
    assert nets.about["sources"] == list(SIZES)
    assert nets.about["rows"] == sum(SIZES.values())
    assert nets.stack.heads == 3
    means = [float(source.labels.mean()) for source in sources]
    np.testing.assert_allclose(nets.stack.y_mean, [means, means], rtol=1e-5)


def test_target_nets_start_from_the_head_of_the_last_source(settings, three, tmp_path):
    settings.dataset.pretrain = "joint"
    nets = source_nets(settings, three, "schema", tmp_path)
    features = torch.tensor(three[0].features).expand(2, -1, -1)
    assert nets.start.heads == 1
    torch.testing.assert_close(nets.start(features)[..., 0], nets.stack(features)[..., 2])


def test_stored_joint_nets_are_taken_with_all_their_heads(settings, three, tmp_path):
    settings.dataset.pretrain = "joint"
    first = source_nets(settings, three, "schema", tmp_path)
    second = source_nets(settings, three, "schema", tmp_path)
    state = second.stack.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in first.stack.state_dict().items())


def test_a_head_learns_its_own_source_and_no_other(settings, three, tmp_path):
    settings.dataset.pretrain = "joint"
    settings.training.source.epochs = 200
    settings.network.dropout = 0.0
    opposite = three[0].data.frame.assign(formation_energy=-three[0].data.labels)
    mirrored = dataclasses.replace(
        three[0], data=dataclasses.replace(three[0].data, name="mirrored", frame=opposite)
    )
    stack = source_nets(settings, [three[0], mirrored], "schema", tmp_path).stack
    predicted = [predict(stack.with_head(head), three[0].features).mean(axis=0) for head in (0, 1)]
    truth = three[0].data.labels
    assert np.abs(predicted[0] - truth).mean() < 0.3 * np.abs(truth - truth.mean()).mean()
    assert np.abs(predicted[1] + truth).mean() < 0.3 * np.abs(truth - truth.mean()).mean()


def test_every_set_of_nets_is_trained_without_its_elements(settings, three, tmp_path):
    without = [frozenset({"Li"}), frozenset(), frozenset({"Be", "Na"})]
    nets = source_nets(settings, three, "schema", tmp_path, without=without)
    assert nets.stack.members == 3 * 2
    for net in range(6):
        (rows,) = nets.rows_of(net)
        sites = three[2].sites
        expected = ~sites.isin(without[net // 2]).any(axis=1)
        assert rows.tolist() == np.flatnonzero(expected).tolist()
        # scalers of the first source, on the rows that the net saw of it
        (first,) = nets.stages[0].rows_of(net)
        mean = three[0].labels[first].mean()
        assert float(nets.start.y_mean[net, 0]) == pytest.approx(mean, rel=1e-5)
    assert nets.about["without"] == [["Li"], [], ["Be", "Na"]]


@pytest.mark.parametrize("pretrain", ["sequence", "joint"])
def test_labels_of_rows_that_a_net_must_not_see_do_not_touch_it(
    settings, three, tmp_path, pretrain
):
    without = [frozenset({"Li"}), frozenset()]
    states = []
    for by in (0.0, 9.0):
        frame = three[0].data.frame
        labels = frame["formation_energy"] + by * frame[["A", "B"]].eq("Li").any(axis=1)
        changed = dataclasses.replace(
            three[0].data, frame=frame.assign(formation_energy=labels), name="one"
        )
        sources = [dataclasses.replace(three[0], data=changed), *three[1:]]
        nets = source_nets(settings, sources, "schema", tmp_path, pretrain, without)
        states.append(nets.stack.state_dict())
    same = [
        [
            bool(torch.equal(a[net], b[net]))
            for a, b in zip(states[0].values(), states[1].values(), strict=True)
        ]
        for net in range(4)
    ]
    assert all(same[0])
    assert all(same[1])
    assert not all(same[2])


def test_the_rows_of_every_set_are_part_of_the_key(settings, three, tmp_path):
    keys = {
        source_nets(settings, three[:1], "schema", tmp_path, without=without).key
        for without in ([frozenset()], [frozenset({"Li"})], [frozenset()] * 2)
    }
    assert len(keys) == 3


def test_a_source_without_other_elements_is_refused(settings, three, tmp_path):
    with pytest.raises(UserError, match=r"source three has 0 rows without .* more protocol\.folds"):
        source_nets(
            settings, three[2:], "schema", tmp_path, without=[frozenset(three[2].sites["A"])]
        )
