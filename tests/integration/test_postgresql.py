"""A database that several machines share."""

from __future__ import annotations

import threading

import optuna
import pytest
from optuna.storages import RDBStorage


@pytest.fixture
def storage(postgresql):
    return RDBStorage(postgresql, engine_kwargs={"pool_size": 2})


def test_workers_with_connections_of_their_own_share_a_study(storage, postgresql):
    study = optuna.create_study(storage=storage, study_name="shared")

    def work():
        own = optuna.load_study(storage=RDBStorage(postgresql), study_name="shared")
        own.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [trial.number for trial in study.trials] == list(range(6))
    assert all(trial.value == trial.params["x"] for trial in study.trials)


def test_a_trial_that_waits_is_taken_once(storage, postgresql):
    study = optuna.create_study(storage=storage, study_name="waiting")
    study.enqueue_trial({"x": 0.5})
    other = optuna.load_study(storage=RDBStorage(postgresql), study_name="waiting")
    taken = [
        each.ask({"x": optuna.distributions.FloatDistribution(0, 1)}) for each in (study, other)
    ]
    assert [trial.number for trial in taken] == [0, 1]
    assert taken[0].params["x"] == 0.5
