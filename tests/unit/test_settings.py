from __future__ import annotations

import pytest

from cetransfer.errors import UserError
from cetransfer.settings import project_root
from cetransfer.settings_check import check


def put(settings, key, value):
    *path, last = key.split(".")
    for name in path:
        settings = getattr(settings, name)
    setattr(settings, last, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("protocol.folds", 1),
        ("protocol.repeats", 0),
        ("protocol.members", 0),
        ("features.shells", 0),
        ("training.epochs", 0),
        ("training.batch_size", 0),
        ("training.source.epochs", 0),
        ("training.source.nets", 0),
        ("training.source.nets", -2),
        ("training.source.batch_size", -3),
        ("training.weight_decay", -0.1),
        ("training.weight_decay", float("nan")),
        ("training.loss_beta", 0.0),
        ("training.loss_beta", float("nan")),
        ("training.source.learning_rate", 0.0),
        ("training.source.learning_rate", float("nan")),
        ("training.source.learning_rate", float("inf")),
        ("features.tolerance", 0.0),
        ("features.tolerance", float("nan")),
        ("dataset.draw", -1),
        ("seed", -1),
        ("network.dropout", -0.1),
        ("network.dropout", 1.0),
        ("network.dropout", float("nan")),
        ("network.hidden", []),
        ("network.hidden", [8, 0]),
        ("protocol.margin", -0.001),
        ("protocol.margin", float("nan")),
        ("protocol.alpha", 0.0),
        ("protocol.alpha", 1.0),
        ("protocol.draws", 1),
        ("protocol.sizes", []),
        ("protocol.sizes", [1, 5]),
        ("protocol.sizes", [5, 5]),
        ("protocol.sizes", [9, 5]),
    ],
)
def test_a_value_out_of_range_is_named_with_its_key(settings, key, value):
    put(settings, key, value)
    with pytest.raises(UserError) as caught:
        check(settings)
    assert f"{key}={value}" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("protocol.folds", 2),
        ("protocol.members", 1),
        ("training.source.nets", 1),
        ("training.source.nets", None),
        ("training.weight_decay", 0.0),
        ("network.dropout", 0.0),
        ("network.hidden", [1]),
        ("seed", 2**40),
        ("dataset.n_labelled", None),
        ("protocol.draws", 2),
        ("protocol.sizes", [2]),
    ],
)
def test_values_at_the_edge_are_fine(settings, key, value):
    put(settings, key, value)
    check(settings)


def test_a_contrast_is_one_of_the_strategies(settings):
    settings.protocol.contrast = "fine_tune"
    check(settings)
    settings.protocol.contrast = "fine_tun"
    with pytest.raises(UserError) as caught:
        check(settings)
    assert str(caught.value) == (
        "protocol.contrast=fine_tun is none of the strategies compared; did you mean fine_tune? "
        "(choose one of target_only, zero_shot, fine_tune, freeze, head_only)"
    )


def test_the_project_is_the_nearest_folder_above_with_a_dvc_yaml(tmp_path):
    inner = tmp_path / "project" / "deep" / "deeper"
    inner.mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "project" / "dvc.yaml").touch()
    assert project_root(inner) == tmp_path / "project"
    assert project_root(tmp_path / "project") == tmp_path / "project"


def test_without_one_the_project_is_where_we_are(tmp_path, monkeypatch):
    inner = tmp_path / "somewhere"
    inner.mkdir()
    assert project_root(inner) == inner
    monkeypatch.chdir(inner)
    assert project_root() == inner


def test_a_folder_named_dvc_yaml_is_no_project(tmp_path):
    (tmp_path / "dvc.yaml").mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    assert project_root(inner) == inner
