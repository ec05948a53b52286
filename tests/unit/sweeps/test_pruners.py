from __future__ import annotations

import optuna
import pytest

from cetransfer.errors import UserError
from cetransfer.sweeps.pruners import Halving, make_pruner


def study_with(values, pruner):
    study = optuna.create_study(pruner=pruner, storage=optuna.storages.InMemoryStorage())
    trials = []
    for value in values:
        trial = study.ask()
        trial.report(value, 1)
        trials.append(trial)
    return trials


def test_halving_lets_the_best_third_of_those_at_a_rung_go_on():
    trials = study_with([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Halving())
    assert [trial.should_prune() for trial in trials] == [False, False, True, True, True, True]


def test_halving_gives_the_same_answer_when_it_is_asked_again():
    trials = study_with([1.0, 2.0, 3.0], Halving())
    assert [trial.should_prune() for trial in trials] == [trial.should_prune() for trial in trials]


def test_halving_prunes_nothing_while_few_have_come_and_what_is_no_number():
    first, second = study_with([2.0, 1.0], Halving())
    assert not first.should_prune()
    assert not second.should_prune()
    (alone,) = study_with([float("nan")], Halving())
    assert alone.should_prune()


def test_a_trial_without_a_report_goes_on():
    study = optuna.create_study(pruner=Halving())
    assert not study.ask().should_prune()


def test_an_unknown_pruner_is_named():
    with pytest.raises(UserError, match="did you mean median"):
        make_pruner("mediam")
