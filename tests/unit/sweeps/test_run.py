from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation.documents import schema_of
from cetransfer.reporting.sweep import sentence, show_status, show_sweep
from cetransfer.reporting.sweep_figure import HISTORY, draw_history
from cetransfer.sweep_commands import make_executor
from cetransfer.sweeps.batch import INNER, Batch, Item, Outcome
from cetransfer.sweeps.executors.here import Here
from cetransfer.sweeps.executors.local import Local
from cetransfer.sweeps.result import make_result, stage_sweep
from cetransfer.sweeps.run import check_sweep, run_sweep, sweep_key
from cetransfer.sweeps.status import progress_of, sweep_folders
from cetransfer.sweeps.storage import open_folder

RATES = (
    "strategy.fine_tune.learning_rate",
    "training.weight_decay",
    "training.l1",
    "network.dropout",
)


def run(workshop, folder, executor=Here):
    folder.mkdir(exist_ok=True)
    space = check_sweep(workshop.settings.sweep)
    key = sweep_key(workshop, space)
    with open_folder(folder) as place:
        finished = run_sweep(workshop, space, place, key, executor)
    return make_result(workshop, space, key, finished, 1.0)


def without_times(sweep):
    return sweep.trials.drop(columns="seconds").to_dict("records")


def test_a_sweep_reports_outer_scores_and_optimism(make_workshop, tmp_path, capsys):
    sweep = run(make_workshop(), tmp_path / "out")
    document = sweep.document
    staged = stage_sweep(sweep, tmp_path / "staged")
    draw_history(document, sweep.trials, staged)
    assert {path.name for path in staged.iterdir()} == {
        "sweep.json",
        "trials.csv",
        "trials.parquet",
        HISTORY,
    }
    jsonschema.validate(json.loads((staged / "sweep.json").read_text()), schema_of("sweep"))
    assert document["score"]["rows"] == 36
    outer = document["outer"]
    errors = [each["winners"][0]["outer"]["error"] for each in outer]
    assert document["score"]["error"] == pytest.approx(sum(errors) / 2)
    for each in outer:
        (winner,) = each["winners"]
        gap = winner["fresh_inner_error"] - winner["best_inner_error"]
        assert winner["optimism"] == pytest.approx(gap)
        assert winner["overrides"][-1].startswith("network.dropout=")
        assert sum(each["trials"].values()) == 6
    assert len(sweep.trials) == 12

    show_sweep(document)
    printed = " ".join(capsys.readouterr().out.split())
    assert f"Nested score: {document['score']['error']:.4f} eV/atom" in printed
    best = f"{outer[0]['winners'][0]['best_inner_error']:.4f}"
    assert best not in sentence(document)
    assert f"{document['optimism']:+.4f}" in printed


def test_a_finished_sweep_is_not_trained_again(make_workshop, tmp_path):
    first = run(make_workshop(), tmp_path / "out")

    class Idle(Here):
        def submit(self, batch):
            pytest.fail(f"{batch} was trained again")

    again = run(make_workshop(), tmp_path / "out", Idle)
    assert without_times(again) == without_times(first)
    assert again.document["outer"] == first.document["outer"]


def test_a_sweep_that_has_more_trials_than_are_asked_for_ends_with_all(make_workshop, tmp_path):
    first = run(make_workshop(), tmp_path / "out")
    again = run(make_workshop("sweep.trials=4"), tmp_path / "out")
    assert without_times(again) == without_times(first)
    assert again.document["outer"] == first.document["outer"]


def test_a_sweep_that_was_stopped_ends_with_the_numbers_of_one_that_was_not(
    make_workshop, tmp_path
):
    whole = run(make_workshop(), tmp_path / "whole")

    class Stopped(Here):
        done = 0

        def next(self):
            self.done += 1
            if self.done > 2:
                raise KeyboardInterrupt
            return super().next()

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            run(make_workshop(), tmp_path / "out", Stopped)
    again = run(make_workshop(), tmp_path / "out")
    assert without_times(again) == without_times(whole)
    assert again.document["outer"] == whole.document["outer"]
    assert again.document["score"] == whole.document["score"]


class Dying(Here):
    """An executor whose worker dies the first times that it is to train a winner."""

    deaths = 10

    def next(self):
        if self._waiting[0].items[0].part == INNER or not self.deaths:
            return super().next()
        self.deaths -= 1
        return Outcome(self._waiting.pop(0), None)


@pytest.mark.parametrize(
    ("words", "kind", "workers"),
    [
        ((), Local, 2),
        (("sweep.outer_folds=null",), Here, 1),
        (("compute.workers=1",), Here, 1),
        (("compute.workers=3",), Local, 3),
        (("training.accelerator=gpu",), Here, 1),
    ],
)
def test_there_are_as_many_workers_as_asked_for_else_one_a_study(
    make_workshop, monkeypatch, words, kind, workers
):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    with make_executor(make_workshop(*words)) as executor:
        assert isinstance(executor, kind)
        assert executor.workers == workers
        assert executor.free


def test_there_are_no_more_workers_than_cores(make_workshop, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    with make_executor(make_workshop()) as executor:
        assert isinstance(executor, Here)


def test_workers_killed_while_they_train_the_winner_change_no_number(make_workshop, tmp_path):
    whole = run(make_workshop(), tmp_path / "whole")
    hunted = run(make_workshop(), tmp_path / "hunted", Dying)
    assert hunted.document["outer"] == whole.document["outer"]
    assert hunted.document["score"] == whole.document["score"]


def test_workers_that_keep_dying_over_the_winner_end_the_sweep(
    make_workshop, tmp_path, monkeypatch
):
    monkeypatch.setattr("cetransfer.sweeps.patience.SECONDS", 0.0)
    monkeypatch.setattr(Dying, "deaths", 100)
    with pytest.raises(UserError, match="21 workers ended early"):
        run(make_workshop(), tmp_path / "out", Dying)


def test_why_trials_could_not_be_trained_is_told(make_workshop, tmp_path, capsys):
    layers = "strategy.freeze.layers:{int:{low:1,high:9}}"
    words = [
        "strategy=[freeze]",
        f"++sweep.space={{strategy.fine_tune.learning_rate:null,{layers}}}",
    ]
    sweep = run(make_workshop(*words), tmp_path / "out")
    failed = sweep.trials[sweep.trials["state"] == "failed"]
    assert len(failed) > 0
    show_sweep(sweep.document)
    printed = " ".join(capsys.readouterr().out.split())
    assert "trials could not be trained (strategy.freeze.layers=" in printed
    assert "cannot be frozen: the network has 3 layers" in printed


def test_a_winner_can_be_made_again_from_its_overrides(make_workshop, tmp_path):
    sweep = run(make_workshop(), tmp_path / "out")
    winner = sweep.document["outer"][1]["winners"][0]
    workshop = make_workshop(*winner["overrides"])
    (result,) = workshop.train(Batch(1, [Item(0, {}, INNER, [0, 1, 2], 1)]))
    assert sum(result.errors) / 3 == pytest.approx(winner["best_inner_error"], rel=1e-4)


def test_without_outer_folds_no_score_is_claimed(make_workshop, tmp_path, capsys):
    sweep = run(make_workshop("sweep.outer_folds=null"), tmp_path / "out")
    assert sweep.document["score"] is None
    assert "no unbiased score" in sweep.document["notes"][0]
    stage_sweep(sweep, tmp_path / "staged")
    show_sweep(sweep.document)
    assert "no unbiased score" in " ".join(capsys.readouterr().out.split())


def test_two_objectives_end_with_a_front_scored_outside(make_workshop, tmp_path):
    words = ("sweep=labels_and_error", "sweep.inner_folds=3", "sweep.rungs=null")
    left_out = ",".join(f"{key}:null" for key in RATES)
    space = f"sweep.space={{dataset.n_labelled:{{int:{{low:4,high:12,step:2}}}},{left_out}}}"
    sweep = run(make_workshop(*words, space, "sweep.sampler=grid"), tmp_path / "out")
    assert sorted(sweep.trials["labels"]) == [4, 4, 6, 6, 8, 8, 10, 10, 12, 12]
    winners = sweep.document["outer"][0]["winners"]
    assert [winner["labels"] for winner in winners] == sorted(
        (winner["labels"] for winner in winners), reverse=True
    )
    assert all(winner["outer"]["rows"] == 18 for winner in winners)
    stage_sweep(sweep, tmp_path / "staged")


def test_a_folder_with_another_search_space_is_refused(make_workshop, tmp_path):
    run(make_workshop(), tmp_path / "out")
    with pytest.raises(UserError, match="holds a sweep with another search space") as caught:
        run(make_workshop("seed=1"), tmp_path / "out")
    assert "give output_dir=FOLDER" in str(caught.value)


def test_the_key_changes_with_the_space_and_not_with_the_number_of_trials(make_workshop):
    def key(*words):
        workshop = make_workshop(*words)
        return sweep_key(workshop, check_sweep(workshop.settings.sweep))

    assert key() == key("sweep.trials=99") == key("compute.workers=3")
    assert key() != key("sweep.space={training.weight_decay:{float:{low:0.1,high:1}}}")
    assert key() != key("training.epochs=5")
    assert key() != key("sweep.batch=2")


def test_status_tells_how_far_a_sweep_is(make_workshop, tmp_path, capsys):
    folder = tmp_path / "outputs" / "small-01234567"
    folder.parent.mkdir()
    run(make_workshop(), folder)
    (found,) = sweep_folders(tmp_path / "outputs", "small")
    studies = progress_of(found)
    assert [study.finished for study in studies] == [6, 6]
    assert all(study.judged and study.best for study in studies)
    show_status(studies)
    printed = " ".join(capsys.readouterr().out.split())
    assert "6 of 6" in printed
    assert "no result" in printed
    assert "nobody is at work" not in printed


def test_one_process_at_a_time_works_on_a_folder_and_status_tells_whether(
    make_workshop, tmp_path, capsys
):
    seen = []

    class Looking(Here):
        def next(self):
            seen.extend(study.machines for study in progress_of(tmp_path))
            if len(seen) == 1:
                with pytest.raises(UserError, match="another process works on the sweep in"):
                    run(make_workshop(), tmp_path)
            if len(seen) > 2:
                raise KeyboardInterrupt
            return super().next()

    with pytest.raises(KeyboardInterrupt):
        run(make_workshop(), tmp_path, Looking)
    assert set(seen) == {1}
    studies = progress_of(tmp_path)
    assert {study.machines for study in studies} == {0}
    show_status(studies)
    printed = " ".join(capsys.readouterr().out.split())
    assert " interrupted" in printed
    assert "nobody is at work on a sweep that has not ended" in printed


@pytest.mark.parametrize("name", [None, "smal"])
def test_status_of_what_was_not_begun_is_one_line(tmp_path, name):
    with pytest.raises(UserError, match=r"begun here .*cetransfer sweep sweep="):
        sweep_folders(tmp_path, name)


@pytest.mark.parametrize("content", [b"", b"not a database " * 100])
def test_a_damaged_database_is_named(tmp_path, content, make_workshop):
    (tmp_path / "study.db").write_bytes(content)
    with pytest.raises(UserError, match=r"study\.db cannot be read"):
        progress_of(tmp_path)
    if content:
        with pytest.raises(UserError, match=r"study\.db cannot be read"):
            run(make_workshop(), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": 0}, "sweep.trials=0 is too small; give 1 or more"),
        ({"outer_folds": 1}, "sweep.outer_folds=1 is too small; give 2 or more; null for none"),
        ({"inner_folds": 1}, "sweep.inner_folds=1 is too small"),
        ({"rungs": [3, 1]}, "must be numbers of inner folds"),
        ({"rungs": [1, 4]}, "end with sweep.inner_folds=5"),
        ({"rungs": []}, "must be numbers of inner folds"),
        ({"pruner": "meridian"}, "sweep.pruner=meridian is unknown"),
        ({"sampler": "tep"}, "did you mean tpe?"),
        ({"objectives": ["eror"]}, "did you mean error?"),
        ({"objectives": ["size", "error"]}, "must begin with error"),
        ({"objectives": ["error", "size"]}, "of two objectives no trial can be pruned"),
    ],
)
def test_settings_that_cannot_be_are_named(compose, changes, message):
    sweep = dataclasses.replace(compose(config="sweep").sweep, **changes)
    with pytest.raises(UserError) as caught:
        check_sweep(sweep)
    assert message in str(caught.value)
