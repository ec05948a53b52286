from __future__ import annotations

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from cetransfer.composition import config_dir
from cetransfer.errors import UserError
from cetransfer.sweeps.composer import Composer
from cetransfer.sweeps.run import check_sweep, check_trials
from cetransfer.sweeps.space import extremes, grid, read_space

RATE = {"float": {"low": 1e-4, "high": 1e-2, "log": True}}
STRATEGY = {"categorical": ["fine_tune", "freeze"]}
DEPTH = {"int": {"low": 1, "high": 2}, "when": {"strategy": ["freeze"]}}


def test_distributions_are_optunas_own():
    space = {
        each.key: each.distribution
        for each in read_space(
            {
                "a.rate": RATE,
                "a.count": {"int": {"low": 2, "high": 8, "step": 2}},
                "network.hidden": {"categorical": [[64, 32], [128]]},
            }
        )
    }
    assert space["a.rate"] == FloatDistribution(1e-4, 1e-2, log=True)
    assert space["a.count"] == IntDistribution(2, 8, step=2)
    assert space["network.hidden"] == CategoricalDistribution(["[64,32]", "[128]"])


def test_a_distribution_of_the_file_built_on_is_left_out_by_null():
    (only,) = read_space({"a.rate": {"float": None, "categorical": [0.1, 0.2]}})
    assert only.distribution == CategoricalDistribution([0.1, 0.2])


def test_a_conditional_key_comes_after_what_it_depends_on():
    space = read_space({"strategy.freeze.layers": DEPTH, "strategy": STRATEGY})
    assert [each.key for each in space] == ["strategy", "strategy.freeze.layers"]
    assert space[1].exists({"strategy": "freeze"})
    assert not space[1].exists({"strategy": "fine_tune"})


def test_a_grid_has_conditional_keys_only_where_they_exist():
    points = grid(read_space({"strategy": STRATEGY, "strategy.freeze.layers": DEPTH}))
    assert points == [
        {"strategy": "fine_tune"},
        {"strategy": "freeze", "strategy.freeze.layers": 1},
        {"strategy": "freeze", "strategy.freeze.layers": 2},
    ]


def test_a_grid_of_floats_includes_both_ends():
    (space,) = [read_space({"x.y": {"float": {"low": 0.0, "high": 0.3, "step": 0.1}}})]
    assert [point["x.y"] for point in grid(space)] == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_extremes_fulfil_conditions():
    space = read_space({"strategy": STRATEGY, "strategy.freeze.layers": DEPTH})
    assert {"strategy": "freeze", "strategy.freeze.layers": 2} in list(extremes(space))
    assert all(
        point["strategy"] == "freeze"
        for point in extremes(space)
        if "strategy.freeze.layers" in point
    )


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "sweep.space is empty"),
        ({"a.b": {"flaot": {"low": 0, "high": 1}}}, "did you mean float?"),
        ({"a.b": {}}, "nothing is no distribution"),
        ({"a.b": {**RATE, "int": {"low": 0, "high": 1}}}, "a.b is float and int, as files"),
        ({"a.b": {"float": {"low": 1.0}}}, "a.b.float.high must be a number"),
        ({"a.b": {"float": {"low": 2.0, "high": 1.0}}}, "sweep.space.a.b: "),
        ({"a.b": {"float": {"low": 0.0, "high": 1.0, "log": True}}}, "sweep.space.a.b: "),
        ({"a.b": {"int": {"low": 1.5, "high": 3}}}, "low must be a whole number"),
        ({"a.b": {"float": {"low": 1, "high": 2, "stpe": 1}}}, "did you mean step?"),
        ({"a.b": {"float": 3}}, "needs low and high"),
        ({"a.b": {"int": {"low": 1, "high": 10, "step": 4}}}, "not divisible"),
        ({"a.b": 3}, "a.b=3 is no distribution"),
        ({"a.b": None}, "sweep.space is empty"),
        ({"a.b": {"categorical": []}}, "must be a list of values"),
        ({"a.b": {"categorical": {"_target_": "os.system"}}}, "must be a list of values"),
        ({"a.b": {"_target_": "os.system"}}, "_target_ is no distribution"),
        ({"a.b": {**RATE, "when": {"c": ["x"]}}}, "c is not searched"),
        ({"a.b": {**RATE, "when": {"a.b": [1]}}}, "a.b is not searched"),
        ({"a.b": {**RATE, "when": "always"}}, "must be keys, each with a list"),
        ({"strategy": STRATEGY, "x.y": {**DEPTH, "when": {"strategy": ["freez"]}}}, "freeze?"),
        ({"seed": {"int": {"low": 0, "high": 9}}}, "seed is the same for all trials"),
        ({"protocol.folds": {"int": {"low": 2, "high": 9}}}, "protocol is the same for all"),
        ({"dataset/target": {"categorical": ["a", "b"]}}, "dataset/target is the same"),
        (
            {
                "a.b": {"categorical": [1, 2], "when": {"c.d": [1]}},
                "c.d": {"categorical": [1, 2], "when": {"a.b": [1]}},
            },
            "a.b, c.d depend on each other",
        ),
    ],
)
def test_what_cannot_be_is_named(space, message):
    with pytest.raises(UserError, match=r"sweep\.space") as caught:
        read_space(space)
    assert message in str(caught.value)


def test_a_grid_without_steps_is_refused():
    with pytest.raises(UserError, match=r"sweep\.space\.a\.b: a grid needs a step"):
        grid(read_space({"a.b": RATE}))


@pytest.mark.parametrize("name", sorted(path.stem for path in (config_dir() / "sweep").iterdir()))
def test_every_search_space_of_ours_can_be_composed(name):
    composer = Composer([f"sweep={name}"])
    assert composer.base.sweep.name == name
    check_trials(composer, check_sweep(composer.base.sweep))
