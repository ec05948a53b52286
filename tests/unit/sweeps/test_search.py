from __future__ import annotations

import dataclasses
from collections import Counter

import optuna
import pytest
from optuna.trial import TrialState

from cetransfer.errors import UserError
from cetransfer.sweeps.batch import Batch, Result
from cetransfer.sweeps.drive import drive
from cetransfer.sweeps.machines import ALONE, Machines
from cetransfer.sweeps.pruners import make_pruner
from cetransfer.sweeps.result import counts
from cetransfer.sweeps.samplers import make_sampler
from cetransfer.sweeps.search import Search
from cetransfer.sweeps.space import read_space

SPACE = read_space(
    {
        "strategy": {"categorical": ["fine_tune", "freeze"]},
        "a.rate": {"float": {"low": 1e-4, "high": 1e-2, "log": True}},
        "a.depth": {"int": {"low": 1, "high": 3}, "when": {"strategy": ["freeze"]}},
    }
)


class Killed(BaseException):
    """The process ends here."""


class Fragile(optuna.storages.InMemoryStorage):
    """A storage that is killed at the n-th write, before or after it is done."""

    def __init__(self):
        super().__init__()
        self.left = None

    def _count(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


def _fragile(name):
    def write(self, *arguments, **named):
        self._count()
        return getattr(optuna.storages.InMemoryStorage, name)(self, *arguments, **named)

    return write


WRITES = (
    "create_new_trial",
    "set_trial_param",
    "set_trial_state_values",
    "set_trial_intermediate_value",
    "set_trial_user_attr",
    "set_trial_system_attr",
    "set_study_user_attr",
)
for _name in WRITES:
    setattr(Fragile, _name, _fragile(_name))


@pytest.fixture
def sweep(compose):
    """Settings of a search of 14 trials over four inner folds."""
    return dataclasses.replace(
        compose(config="sweep").sweep, trials=14, batch=4, inner_folds=4, rungs=[1, 2, 4]
    )


def make_search(
    storage, sweep, sampler="tpe", pruner="median", directions=1, machines=ALONE, outer=0
):
    study = optuna.create_study(
        storage=storage,
        study_name=f"outer-{outer}",
        directions=["minimize"] * directions,
        load_if_exists=True,
        sampler=make_sampler(sampler, SPACE, seed=0, outer=outer, batch=4),
        pruner=make_pruner(pruner),
    )
    return Search(study, SPACE, sweep, outer, machines)


def error_of(item, fold):
    rate = item.parameters["a.rate"]
    return abs(rate - 1e-3) * 100 + 0.01 * fold + item.parameters.get("a.depth", 0) * 0.01


class Worker:
    """An executor that knows the error of every trial; some batches kill it.

    Of several batches that are out the last one comes back first.
    """

    def __init__(self, deadly=(), failing=(), workers=1):
        self.batches = []
        self.deadly = deadly
        self.failing = failing
        self.workers = workers
        self.out = []
        self.seen_out = []

    free = property(lambda self: len(self.out) < self.workers)
    busy = property(lambda self: bool(self.out))

    def submit(self, batch):
        assert Batch.from_document(batch.document()) == batch
        self.out.append(batch)
        self.batches.append(batch)

    def next(self):
        from cetransfer.sweeps.batch import Outcome

        self.seen_out.append(Counter(batch.outer for batch in self.out))
        batch = self.out.pop()
        if len(self.batches) in self.deadly:
            return Outcome(batch, None)
        return Outcome(batch, [self.result(item) for item in batch.items])

    def result(self, item):
        if item.trial in self.failing:
            return Result(item.trial, [], reason="the loss is not finite")
        errors = [error_of(item, fold) for fold in item.folds]
        return Result(item.trial, errors, labels=round(item.parameters["a.rate"] * 1e5), size=7)


def told(study):
    """Return all that a study knows of its trials but the times."""
    return [
        (t.number, t.state, t.values, t.params, t.intermediate_values, t.user_attrs)
        for t in study.trials
    ]


def test_a_search_makes_as_many_trials_as_asked_for(sweep):
    search, worker = make_search(Fragile(), sweep), Worker()
    drive([search], worker, "test", "trials")
    assert search.finished == 14
    assert len(search.study.trials) == 14
    assert counts(search.study)["pruned"] > 0
    for trial in search.study.trials:
        if trial.state == TrialState.COMPLETE:
            assert len(trial.user_attrs["errors"]) == 4
            assert list(trial.intermediate_values) == [1, 2, 4]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_more_workers_than_studies_change_nothing(sweep, workers):
    alone = [make_search(Fragile(), sweep, outer=outer) for outer in range(3)]
    for search in alone:
        drive([search], Worker(), "test", "trials")
    storage, worker = Fragile(), Worker(workers=workers)
    together = [make_search(storage, sweep, outer=outer) for outer in range(3)]
    drive(together, worker, "test", "trials")
    for one, other in zip(together, alone, strict=True):
        assert told(one.study) == told(other.study)
    # all were at work, none on a study that another one had
    assert worker.seen_out[0].total() == workers
    assert all(set(out.values()) == {1} for out in worker.seen_out)


def test_more_workers_than_studies_share_them_evenly(sweep):
    storage, worker = Fragile(), Worker(workers=4)
    searches = [make_search(storage, sweep, "random", outer=outer) for outer in range(2)]
    drive(searches, worker, "test", "trials")
    assert [search.finished for search in searches] == [14, 14]
    assert worker.seen_out[0] == {0: 2, 1: 2}
    assert max(max(out.values()) for out in worker.seen_out) == 2


def test_a_pruned_trial_leaves_its_slot_to_a_new_one_at_once(sweep):
    search, worker = make_search(Fragile(), sweep, "random"), Worker()
    drive([search], worker, "test", "trials")
    assert all(len(batch.items) == 4 for batch in worker.batches[:-4])
    mixed = [{tuple(item.folds) for item in batch.items} for batch in worker.batches]
    assert any(len(folds) > 1 for folds in mixed)


def test_no_fold_is_trained_twice(sweep):
    worker = Worker()
    drive([make_search(Fragile(), sweep)], worker, "test", "trials")
    done = [
        (item.trial, fold)
        for batch in worker.batches
        for item in batch.items
        for fold in item.folds
    ]
    assert len(done) == len(set(done))


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_search_that_is_killed_between_any_two_writes_ends_as_if_it_had_not_been(sweep, pruner):
    whole = make_search(Fragile(), sweep, pruner=pruner)
    drive([whole], Worker(), "test", "trials")
    for left in range(3, 40):
        storage = Fragile()
        deaths = 0
        while True:
            try:
                # each turn gets a little further, and is killed at another place
                storage.left = left + deaths % 7 if deaths < 60 else None
                search = make_search(storage, sweep, pruner=pruner)
                drive([search], Worker(), "test", "trials")
                break
            except Killed:
                deaths += 1
        storage.left = None
        assert deaths > 3
        assert told(search.study) == told(whole.study)


def test_what_a_dead_worker_held_is_queued_again_and_counted_once(sweep):
    search, worker = make_search(Fragile(), sweep), Worker(deadly={2, 3, 7})
    drive([search], worker, "test", "trials")
    study = search.study
    lost = [trial for trial in study.trials if trial.user_attrs.get("lost")]
    retries = {
        trial.user_attrs["retry_of"]: trial
        for trial in study.trials
        if "retry_of" in trial.user_attrs
    }
    assert len(lost) == 12
    assert search.finished == 14
    assert sorted(retries) == sorted(trial.number for trial in lost)
    assert all(retries[trial.number].params == trial.params for trial in lost)
    assert counts(study)["lost"] == 12


def test_a_parent_killed_while_it_marks_losses_marks_each_once(sweep):
    for left in range(1, 40):
        storage = Fragile()
        search = make_search(storage, sweep)
        batch = search.next_batch()
        storage.left = left
        try:
            search.lost(batch)
        except Killed:
            storage.left = None
            search = make_search(storage, sweep)
        storage.left = None
        drive([search], Worker(), "test", "trials")
        every = search.study.trials
        lost = [trial.number for trial in every if trial.user_attrs.get("lost")]
        retries = [
            trial.user_attrs["retry_of"] for trial in every if "retry_of" in trial.user_attrs
        ]
        assert sorted(lost) == sorted(retries) == sorted(set(retries))
        assert search.finished == 14
        assert all(trial.state.is_finished() for trial in every)


def test_a_trial_that_cannot_be_trained_is_failed_with_its_reason_and_counts(sweep):
    search = make_search(Fragile(), sweep)
    drive([search], Worker(failing={1, 5}), "test", "trials")
    failed = [trial for trial in search.study.trials if trial.state == TrialState.FAIL]
    assert [trial.number for trial in failed] == [1, 5]
    assert {trial.user_attrs["reason"] for trial in failed} == {"the loss is not finite"}
    assert search.finished == 14


def test_no_trial_at_its_end_is_told_with_the_last_reason(sweep):
    search = make_search(Fragile(), sweep)
    drive([search], Worker(failing=set(range(14))), "test", "trials")
    with pytest.raises(UserError, match=r"none of 14 trials came to its end \(the loss is"):
        search.best()


def test_workers_killed_again_and_again_for_a_while_do_not_end_the_search(sweep):
    search = make_search(Fragile(), sweep)
    drive([search], Worker(deadly=set(range(60))), "test", "trials")
    assert search.finished == 14


def test_workers_that_keep_dying_end_the_search(sweep, monkeypatch):
    monkeypatch.setattr("cetransfer.sweeps.patience.SECONDS", 0.0)
    with pytest.raises(UserError, match="21 workers ended early"):
        drive([make_search(Fragile(), sweep)], Worker(deadly=set(range(100))), "test", "trials")


def test_two_objectives_have_a_front(sweep):
    sweep = dataclasses.replace(sweep, rungs=None, objectives=["error", "labels"])
    search = make_search(Fragile(), sweep, "nsgaii", "none", directions=2)
    drive([search], Worker(), "test", "trials")
    front = search.best()
    errors, labels = zip(*(trial.values for trial in front), strict=True)
    assert list(errors) == sorted(errors)
    assert list(labels) == sorted(labels, reverse=True)
    assert not any(trial.intermediate_values for trial in search.study.trials)


def test_more_trials_go_on_from_those_there(sweep):
    storage = Fragile()
    drive([make_search(storage, sweep)], Worker(), "test", "trials")
    search = make_search(storage, dataclasses.replace(sweep, trials=20))
    drive([search], Worker(), "test", "trials")
    assert search.finished == 20


class Crowd(Machines):
    """A machine among others; those in `dead` give no sign of life."""

    dead: frozenset[str] = frozenset()

    def __init__(self, name):
        self.name = name

    def gone(self, names):
        return names & self.dead


def test_machines_that_share_a_study_make_as_many_trials_as_asked_for_together(sweep):
    storage, worker = Fragile(), Worker()
    searches = [make_search(storage, sweep, machines=Crowd(name)) for name in "abc"]
    out = []
    for turn in range(100):
        search = searches[turn % 3]
        batch = search.next_batch()
        if batch is not None:
            out.append((search, batch))
        if out and turn % 2:
            ended, done = out.pop(0)
            ended.returned(done, [worker.result(item) for item in done.items])
    assert not out
    assert len(searches[0].study.trials) == searches[1].finished == 14
    holders = {trial.user_attrs["held_by"] for trial in searches[0].study.trials}
    assert holders == {"a", "b", "c"}


def test_what_a_machine_without_a_sign_of_life_held_is_tried_once_by_others(sweep):
    storage, worker = Fragile(), Worker()
    silent = make_search(storage, sweep, machines=Crowd("silent"))
    batch = silent.next_batch()
    others = [make_search(storage, sweep, machines=Crowd(name)) for name in "ab"]
    taken = [search.next_batch() for search in others]
    held = {item.trial for item in batch.items}
    assert not held & {item.trial for each in taken for item in each.items}
    for search in others:
        search.machines.dead = frozenset({"silent"})
    while any(taken):
        for place, search in enumerate(others):
            if taken[place] is not None:
                search.returned(taken[place], [worker.result(item) for item in taken[place].items])
            taken[place] = search.next_batch()
    trials = others[0].study.trials
    lost = {trial.number for trial in trials if trial.user_attrs.get("lost")}
    retries = [trial.user_attrs["retry_of"] for trial in trials if "retry_of" in trial.user_attrs]
    assert lost == held == set(retries)
    assert len(retries) == len(held)
    # it was only asleep: what it found by then counts no more
    before = told(others[0].study)
    silent.returned(batch, [worker.result(item) for item in batch.items])
    assert silent.next_batch() is None
    assert told(others[0].study) == before
    assert others[0].finished == 14


def test_a_machine_killed_between_any_two_writes_leaves_nothing_undone(sweep):
    for left in range(0, 40, 2):
        storage, worker = Fragile(), Worker()
        first = make_search(storage, sweep, machines=Crowd("first"))
        second = make_search(storage, sweep, machines=Crowd("second"))
        second.returned(done := second.next_batch(), [worker.result(item) for item in done.items])
        storage.left = left
        with pytest.raises(Killed):
            drive([first], Worker(), "test", "trials")
        storage.left = None
        second.machines.dead = frozenset({"first"})
        drive([second], worker, "test", "trials")
        every = second.study.trials
        lost = [trial.number for trial in every if trial.user_attrs.get("lost")]
        retries = [
            trial.user_attrs["retry_of"] for trial in every if "retry_of" in trial.user_attrs
        ]
        assert sorted(lost) == sorted(retries)
        assert second.finished == 14
        assert len(every) == 14 + len(lost)
        assert all(trial.state.is_finished() for trial in every)
