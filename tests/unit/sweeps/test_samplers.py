from __future__ import annotations

import optuna
import pytest
from optuna.trial import Trial, TrialState

from cetransfer.errors import UserError
from cetransfer.sweeps.samplers import make_sampler
from cetransfer.sweeps.space import grid, read_space, suggest

SPACE = read_space(
    {
        "strategy": {"categorical": ["fine_tune", "freeze"]},
        "a.rate": {"float": {"low": 1e-4, "high": 1e-2, "log": True}},
        "a.depth": {"int": {"low": 1, "high": 3}, "when": {"strategy": ["freeze"]}},
    }
)


def value(parameters):
    return abs(parameters["a.rate"] - 1e-3) + parameters.get("a.depth", 0) * 1e-4


def study_of(sampler, directions=1):
    return optuna.create_study(
        sampler=sampler,
        directions=["minimize"] * directions,
        storage=optuna.storages.InMemoryStorage(),
    )


def asked(kind, trials, seed=0, directions=1):
    study = study_of(make_sampler(kind, SPACE, seed=seed, outer=0, batch=4), directions)
    found = []
    for _ in range(trials // 4):
        batch = [study.ask() for _ in range(4)]
        found += [suggest(trial, SPACE) for trial in batch]
        for trial, parameters in zip(batch, found[-4:], strict=True):
            study.tell(trial, [value(parameters)] * directions)
    return found


@pytest.mark.parametrize("kind", ["tpe", "gp", "random", "nsgaii"])
def test_a_seed_asks_the_same_again_and_another_seed_does_not(kind):
    assert asked(kind, 16) == asked(kind, 16)
    assert asked(kind, 16) != asked(kind, 16, seed=1)


@pytest.mark.parametrize("kind", ["tpe", "nsgaii", "random"])
def test_conditional_keys_are_asked_where_they_exist(kind):
    for parameters in asked(kind, 32):
        assert ("a.depth" in parameters) == (parameters["strategy"] == "freeze")


def test_two_objectives_can_be_asked_for():
    assert len(asked("nsgaii", 16, directions=2)) == 16


def test_tpe_finds_the_place_that_random_search_does_not():
    best = min(map(value, asked("tpe", 64)))
    assert best < min(map(value, asked("random", 64)))


@pytest.mark.parametrize("kind", ["tpe", "random", "gp"])
def test_a_trial_that_was_killed_while_it_was_asked_for_gets_the_same_values(kind):
    def study_with_trials():
        study = study_of(make_sampler(kind, SPACE, seed=3, outer=0, batch=4))
        for _ in range(14):
            trial = study.ask()
            study.tell(trial, value(suggest(trial, SPACE)))
        return study

    whole = suggest(study_with_trials().ask(), SPACE)
    study = study_with_trials()
    broken = study.ask()
    suggest(broken, SPACE[:1])
    again = study_of(make_sampler(kind, SPACE, seed=3, outer=0, batch=4))
    study.sampler = again.sampler
    again = Trial(study, broken._trial_id)  # noqa: SLF001 - a process that was killed knows no more
    assert suggest(again, SPACE) == whole


def test_a_grid_asks_for_every_point_once():
    space = [each for each in SPACE if each.key != "a.rate"]
    study = study_of(make_sampler("grid", space, seed=0, outer=0, batch=4))
    found = []
    for _ in grid(space):
        trial = study.ask()
        found.append(suggest(trial, space))
        study.tell(trial, state=TrialState.PRUNED)
    assert found == grid(space)


def test_an_unknown_sampler_is_named():
    with pytest.raises(UserError, match="did you mean random"):
        make_sampler("rnadom", SPACE, seed=0, outer=0, batch=1)
