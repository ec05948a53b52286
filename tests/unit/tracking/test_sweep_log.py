from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.settings import TrackingSettings
from cetransfer.tracking import sweep_log
from cetransfer.tracking.store import open_store
from cetransfer.tracking.sweep_log import open_sweep_log

TAGS = {"cetransfer.key": "abc", "quantity": "formation_energy", "unit": "eV/atom"}


@pytest.fixture
def store(tmp_path):
    return open_store(TrackingSettings(None, "cetransfer"), tmp_path)


def trials(outer):
    rows = [
        {"outer": outer, "trial": number, "state": state, "folds": 3, "inner_error": 0.1 * number}
        for number, state in enumerate(("complete", "pruned", "lost"))
    ]
    return pd.DataFrame(rows)


def begin(store, execution="one"):
    return open_sweep_log(store, "small", {"a.parquet": "0" * 64}, {"a": "target"}, TAGS, execution)


def runs(store, kind):
    found = store.client.search_runs([store.experiment_id], f"tags.`cetransfer.kind` = '{kind}'")
    return sorted(found, key=lambda run: run.info.run_name)


def test_a_sweep_that_is_killed_leaves_its_trials_and_goes_on_with_its_run(store, monkeypatch):
    first = begin(store)
    first.trials(trials(0))
    ended = [run.info.status for run in runs(store, "trial")]
    assert ended == ["FINISHED", "FINISHED", "KILLED"]
    assert [run.info.status for run in runs(store, "sweep")] == ["RUNNING"]

    # killed in the middle of logging a trial of the next fold
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sweep_log, "finish_run", killed)
        with pytest.raises(KeyboardInterrupt):
            first.trials(trials(1))
    again = begin(store)
    assert again.run_id == first.run_id
    for outer in (0, 1):
        again.trials(trials(outer))
    every = runs(store, "trial")
    assert [run.info.run_name for run in every] == [
        f"fold {outer} trial {number}" for outer in (0, 1) for number in range(3)
    ]
    assert all(run.data.tags["mlflow.parentRunId"] == first.run_id for run in every)
    assert every[4].data.metrics["inner_error"] == pytest.approx(0.1)


def test_more_trials_are_a_run_of_their_own(store):
    assert begin(store).run_id != begin(store, "two").run_id
