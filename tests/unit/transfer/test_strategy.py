from __future__ import annotations

import pytest

from cetransfer.errors import UserError
from cetransfer.transfer.strategy import STRATEGIES, LayerPlan, make_strategies

RATE = 1e-3
BASE = {"target_only": {"kind": "target_only", "learning_rate": RATE}}


def made(**more):
    return make_strategies({**BASE, **more})


def plan_of(**fields):
    *_, strategy = made(it=fields)
    return [(layer.origin, layer.trained) for layer in strategy.plan(4)]


def test_the_five_strategies_are_known_by_their_kind():
    assert sorted(STRATEGIES) == ["fine_tune", "freeze", "head_only", "target_only", "zero_shot"]


def test_target_only_starts_at_random_and_trains_all_layers():
    assert plan_of(kind="target_only", learning_rate=RATE) == [("random", True)] * 4


def test_zero_shot_copies_all_layers_and_trains_none():
    assert plan_of(kind="zero_shot") == [("source", False)] * 4


def test_fine_tune_copies_all_layers_and_trains_all():
    assert plan_of(kind="fine_tune", learning_rate=RATE) == [("source", True)] * 4


def test_freeze_keeps_the_first_layers():
    assert plan_of(kind="freeze", learning_rate=RATE, layers=3) == [
        ("source", False),
        ("source", False),
        ("source", False),
        ("source", True),
    ]


def test_head_only_trains_the_last_layer():
    assert plan_of(kind="head_only", learning_rate=RATE) == [("source", False)] * 3 + [
        ("source", True)
    ]


def test_layers_are_numbered_from_the_input():
    (strategy,) = made()
    assert strategy.plan(2) == [LayerPlan(0, "random", True), LayerPlan(1, "random", True)]


def test_strategies_keep_their_order_and_their_names():
    names = [
        strategy.name
        for strategy in made(
            slow={"kind": "fine_tune", "learning_rate": 1e-4},
            zero_shot={"kind": "zero_shot"},
            fast={"kind": "fine_tune", "learning_rate": 1e-2},
        )
    ]
    assert names == ["target_only", "slow", "zero_shot", "fast"]


def test_a_name_stands_for_its_kind_where_none_is_given():
    *_, strategy = made(zero_shot={})
    assert isinstance(strategy, STRATEGIES["zero_shot"])


@pytest.mark.parametrize("layers", [4, 5, 100])
def test_freezing_the_whole_network_or_more_tells_how_many_layers_there_are(layers):
    with pytest.raises(UserError, match=rf"strategy\.it\.layers={layers} .* 4 layers; give 1 to 3"):
        plan_of(kind="freeze", learning_rate=RATE, layers=layers)


def test_gains_need_target_only_to_be_measured_against():
    with pytest.raises(UserError, match=r"add target_only to strategy=\[\.\.\.\]"):
        make_strategies({"fine_tune": {"kind": "fine_tune", "learning_rate": RATE}})


def test_no_strategies_at_all_is_the_same_mistake():
    with pytest.raises(UserError, match="add target_only"):
        make_strategies({})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "finetune", "learning_rate": RATE}, r"kind=finetune.*did you mean fine_tune\?"),
        ({"kind": "qqq"}, r"kind=qqq is unknown; choose one of target_only, zero_shot"),
        ({"kind": "zero_shot", "learning_rate": RATE}, r"it\.learning_rate does not exist"),
        (
            {"kind": "fine_tune", "learning_rat": RATE},
            r"learning_rat does not exist.*did you mean learning_rate\?",
        ),
        ({"kind": "freeze", "learning_rate": RATE}, r"strategy\.it\.layers is missing"),
        ({"kind": "fine_tune"}, r"strategy\.it\.learning_rate is missing"),
        ({"kind": "fine_tune", "learning_rate": "fast"}, "learning_rate=fast must be a number"),
        ({"kind": "fine_tune", "learning_rate": None}, "learning_rate=None must be a number"),
        ({"kind": "fine_tune", "learning_rate": True}, "learning_rate=True must be a number"),
        ({"kind": "fine_tune", "learning_rate": [RATE]}, "must be a number"),
        ({"kind": "fine_tune", "learning_rate": 0}, r"learning_rate=0 must be .*greater than 0"),
        ({"kind": "fine_tune", "learning_rate": -1.0}, r"must be .*greater than 0"),
        ({"kind": "fine_tune", "learning_rate": float("nan")}, "learning_rate=nan must be"),
        ({"kind": "fine_tune", "learning_rate": float("inf")}, "learning_rate=inf must be"),
        ({"kind": "freeze", "learning_rate": RATE, "layers": 1.5}, "layers=1.5 must be a whole"),
        (
            {"kind": "freeze", "learning_rate": RATE, "layers": 0},
            r"layers=0 must be .*than 0",
        ),
        ({"kind": ["fine_tune"], "learning_rate": RATE}, r"strategy\.it\.kind=.*is unknown"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(fields, message):
    with pytest.raises(UserError, match=message):
        made(it=fields)
