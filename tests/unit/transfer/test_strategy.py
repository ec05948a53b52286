from __future__ import annotations

import pytest

from cetransfer.composition import config_dir
from cetransfer.errors import UserError
from cetransfer.transfer.strategy import LayerPlan, copies, kinds, make_strategies

RATE = 1e-3
BASE = {"target_only": {"kind": "target_only", "learning_rate": RATE}}


def made(**more):
    return make_strategies({**BASE, **more})


def plan_of(**fields):
    *_, strategy = made(it=fields)
    return [(layer.origin, layer.trained) for layer in strategy.plan(4)]


def test_every_strategy_has_a_file_with_its_defaults():
    files = {path.stem for path in (config_dir() / "strategy").glob("*.yaml")}
    assert files - {"all"} == set(kinds())


def test_every_strategy_names_its_source():
    cited = {
        kind for kind, cls in kinds().items() if "arXiv" in cls.__doc__ or "doi" in cls.__doc__
    }
    named_after_another = {"target_only", "zero_shot", "joint_sources"}
    assert cited | named_after_another == set(kinds())


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


def test_a_new_head_starts_at_random_on_a_copied_trunk():
    assert plan_of(kind="new_head", learning_rate=RATE) == [("source", True)] * 3 + [
        ("random", True)
    ]


def test_layer_wise_rates_fall_from_the_last_layer_to_the_first():
    *_, strategy = made(it={"kind": "layer_wise", "learning_rate": RATE, "decay": 0.5})
    assert [layer.rate for layer in strategy.plan(4)] == [0.125, 0.25, 0.5, 1.0]


def test_gradual_unfreezing_goes_from_the_last_layer_to_the_first():
    *_, strategy = made(it={"kind": "gradual_unfreeze", "learning_rate": RATE, "every": 0.25})
    assert [layer.after for layer in strategy.plan(4)] == [0.75, 0.5, 0.25, 0.0]


def test_a_schedule_that_would_never_reach_the_first_layer_is_refused():
    *_, strategy = made(it={"kind": "gradual_unfreeze", "learning_rate": RATE, "every": 0.4})
    with pytest.raises(UserError, match=r"it\.every=0\.4.*give less than 0\.333"):
        strategy.plan(4)


@pytest.mark.parametrize("kind", ["joint", "source_input", "residual"])
def test_a_new_network_copies_nothing_but_needs_the_source(kind):
    *_, strategy = made(it={"kind": kind, "learning_rate": RATE})
    assert not copies(strategy.plan(3))
    assert strategy.uses_source


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
    assert isinstance(strategy, kinds()["zero_shot"])


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
        ({"kind": "qqq"}, r"kind=qqq is unknown; choose one of fine_tune, freeze, gradual"),
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
        ({"kind": "kernel_head", "model": "rbf"}, r"it\.model=rbf is unknown; choose svr or gp"),
        ({"kind": "kernel_head", "model": 3}, r"it\.model=3 is unknown; choose svr or gp"),
        ({"kind": ["fine_tune"], "learning_rate": RATE}, r"strategy\.it\.kind=.*is unknown"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(fields, message):
    with pytest.raises(UserError, match=message):
        made(it=fields)
