"""The study of one outer fold: what is asked next, and what becomes of what came back.

All that a study knows stands in Optuna's storage, and every change is made so that a process that
is killed between any two writes finds what it needs to go on:

- a trial is asked for completely, or asked again with the same values (`samplers`);
- the errors of a batch are written in one go, then what follows from them, then the trials are
  told. What was written and not told is told when the study is opened again;
- a trial whose worker died is first queued again and then marked as failed and lost.

Where several machines share a study, each does all this in its turn, begins a turn with what
another one was killed in the middle of, and leaves alone the trials that others hold. Those of a
machine that gives no sign of life any more are lost; what it may still find of them is not told.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import Trial, TrialState

from cetransfer.errors import UserError
from cetransfer.sweeps.batch import INNER, Batch, Item, Result
from cetransfer.sweeps.machines import ALONE
from cetransfer.sweeps.samplers import LOST, is_lost
from cetransfer.sweeps.space import suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from cetransfer.settings_sweep import SweepSettings
    from cetransfer.sweeps.machines import Machines
    from cetransfer.sweeps.space import Dimension

ERRORS = "errors"
"""User attribute of a trial: its error on each inner fold so far."""

REASON = "reason"
"""User attribute of a trial that could not be trained."""

RETRY_OF = "retry_of"
"""User attribute of a trial: the lost one that it stands for."""

HELD_BY = "held_by"
"""User attribute of a trial: the machine that works on it, where several do."""

RETURNED = "returned"
"""User attribute of a study: the batch that came back last, and what follows from it."""

GOES_ON, PRUNED, COMPLETE, FAILED = "goes on", "pruned", "complete", "failed"

STATES = {
    PRUNED: TrialState.PRUNED,
    COMPLETE: TrialState.COMPLETE,
    FAILED: TrialState.FAIL,
}


class Search:
    """Asks for trials and tells what became of them.

    Parameters
    ----------
    study
        Of one outer fold, with its sampler and pruner.
    space
        What is searched.
    sweep
        Trials, batch, folds and rungs.
    outer
        The number of the outer fold.
    machines
        That work on it.
    """

    def __init__(
        self,
        study: Study,
        space: Sequence[Dimension],
        sweep: SweepSettings,
        outer: int,
        machines: Machines = ALONE,
    ) -> None:
        self.study = study
        self.space = space
        self.sweep = sweep
        self.outer = outer
        self.machines = machines
        self.rungs = sweep.rungs or [sweep.inner_folds]
        self._held: set[int] = set()
        self._live: dict[int, Trial] = {}
        with self.turn():
            pass  # what was left undone is done at the beginning of a turn

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials but the lost ones, each of which has another in its place."""
        every: list[FrozenTrial] = self.study.get_trials(deepcopy=False)
        return [trial for trial in every if not is_lost(trial)]

    @property
    def total(self) -> int:
        """Number of trials that are asked for."""
        return self.sweep.trials

    @property
    def finished(self) -> int:
        """Number of trials that came to an end."""
        return sum(trial.state.is_finished() for trial in self.trials)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one that reads and writes the study, which is as a whole turn left it."""
        with self.machines.turn():
            self._tell_returned()
            self._finish_losses()
            self._take_over()
            yield

    def next_batch(self) -> Batch | None:
        """Return trials to be trained on their next rung, new ones in the slots that are free."""
        with self.turn():
            return self._next_batch()

    def _next_batch(self) -> Batch | None:
        trials = self.trials
        waiting = sum(trial.state == TrialState.WAITING for trial in trials)
        ready = [
            trial.number
            for trial in trials
            if trial.state == TrialState.RUNNING
            and trial.number not in self._held
            and trial.user_attrs.get(HELD_BY, self.machines.name) == self.machines.name
        ][: self.sweep.batch]
        for number in ready:
            # what was killed in the middle of being asked for comes before what is asked next
            self._hold(self._trial(number))
        new = self.sweep.trials - len(trials) + waiting
        while len(ready) < self.sweep.batch and new > 0:
            trial = self.study.ask()
            self._live[trial.number] = trial
            ready.append(trial.number)
            new -= 1
            suggest(trial, self.space)
            self._hold(trial)
        if not ready:
            return None
        self._held.update(ready)
        return Batch(self.outer, [self._item(number) for number in ready])

    def returned(self, batch: Batch, results: Sequence[Result]) -> None:
        """Take in what a worker found; not of trials that others have taken over meanwhile."""
        with self.turn():
            mine = self._running
            found: dict[str, dict[str, Any]] = {}
            for item, result in zip(batch.items, results, strict=True):
                if item.trial not in mine:
                    self._live.pop(item.trial, None)
                    continue
                before = self._trial(item.trial).user_attrs.get(ERRORS, [])
                found[str(item.trial)] = {
                    ERRORS: [*before, *result.errors],
                    REASON: result.reason,
                    "labels": result.labels,
                    "size": result.size,
                }
            self.study.set_user_attr(RETURNED, {"found": found})
            self._tell_returned()
        self._held.difference_update(item.trial for item in batch.items)

    def lost(self, batch: Batch) -> None:
        """Queue the trials of a worker that died once more, and mark these as lost."""
        with self.turn():
            mine = self._running
            for item in batch.items:
                if item.trial in mine:
                    self._queue_again(item.trial, item.parameters)
        self._held.difference_update(item.trial for item in batch.items)

    def best(self) -> list[FrozenTrial]:
        """Return the trial with the lowest inner error; with two objectives, their front.

        Raises
        ------
        UserError
            If no trial came to its end.
        """
        complete = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        if not complete:
            reasons = [trial.user_attrs.get(REASON, "") for trial in self.trials]
            last = next((reason for reason in reversed(reasons) if reason), "all were pruned")
            raise UserError(
                f"outer fold {self.outer}: none of {len(reasons)} trials came to its end ({last}); "
                "change sweep.space"
            )
        if len(self.sweep.objectives) == 1:
            return [min(complete, key=lambda trial: (trial.values[0], trial.number))]
        front = self.study.best_trials
        return sorted(front, key=lambda trial: (*trial.values, trial.number))

    @property
    def _running(self) -> set[int]:
        """Numbers of the trials that did not come to an end."""
        every = self.study.get_trials(deepcopy=False)
        return {trial.number for trial in every if trial.state == TrialState.RUNNING}

    def _hold(self, trial: Trial) -> None:
        """Write whose trial it is; one without a name was never asked for to the end."""
        if self.machines.name and HELD_BY not in trial.user_attrs:
            trial.set_user_attr(HELD_BY, self.machines.name)

    def _trial(self, number: int) -> Trial:
        """Return a trial that can be written to, also one of an earlier process."""
        if number not in self._live:
            identifier = self.study.get_trials(deepcopy=False)[number]._trial_id  # noqa: SLF001 - Optuna has no other way to a running trial
            trial = Trial(self.study, identifier)
            suggest(trial, self.space)
            self._live[number] = trial
        return self._live[number]

    def _item(self, number: int) -> Item:
        trial = self._trial(number)
        done = len(trial.user_attrs.get(ERRORS, []))
        goal = next(rung for rung in self.rungs if rung > done)
        folds = list(range(done, goal))
        return Item(number, self._parameters(number), INNER, folds, self.sweep.members)

    def _parameters(self, number: int) -> dict[str, Any]:
        chosen = self._trial(number).params
        return {each.key: chosen[each.key] for each in self.space if each.key in chosen}

    def _tell_returned(self) -> None:
        """Go on from what was written of the last batch, as far as that was not done yet."""
        last = self.study.user_attrs.get(RETURNED)
        if last is None:
            return
        running = self._running
        found = {int(number): of for number, of in last["found"].items()}
        if "decided" not in last:
            for number, of in found.items():
                self._note(number, of)
            decided = {str(number): self._decided(number, of) for number, of in found.items()}
            self.study.set_user_attr(RETURNED, {**last, "decided": decided})
            last = {**last, "decided": decided}
        for number, of in found.items():
            decision = last["decided"][str(number)]
            if number not in running or decision == GOES_ON:
                continue
            values = self._values(of) if decision == COMPLETE else None
            self.study.tell(self._trial(number), values, STATES[decision])
            self._live.pop(number)

    def _note(self, number: int, found: Mapping[str, Any]) -> None:
        """Write the errors of a trial, and report those of the rungs it finished."""
        trial = self._trial(number)
        for name, value in found.items():
            if value != "":
                trial.set_user_attr(name, value)
        errors = found[ERRORS]
        if found[REASON] or len(self.sweep.objectives) > 1:
            return
        seen = self.study.get_trials(deepcopy=False)[number].intermediate_values
        for rung in self.rungs:
            if rung <= len(errors) and rung not in seen:
                trial.report(mean(errors[:rung]), rung)

    def _decided(self, number: int, found: Mapping[str, Any]) -> str:
        if found[REASON]:
            return FAILED
        if len(found[ERRORS]) >= self.rungs[-1]:
            return COMPLETE
        if len(self.sweep.objectives) == 1 and self._trial(number).should_prune():
            return PRUNED
        return GOES_ON

    def _values(self, found: Mapping[str, Any]) -> list[float]:
        of = {"error": mean(found[ERRORS]), "labels": found["labels"], "size": found["size"]}
        return [float(of[name]) for name in self.sweep.objectives]

    def _queue_again(self, number: int, parameters: Mapping[str, Any]) -> None:
        self.study.enqueue_trial(dict(parameters), user_attrs={RETRY_OF: number})
        self._mark_lost(number)

    def _mark_lost(self, number: int) -> None:
        trial = self._trial(number)
        trial.set_user_attr(LOST, True)
        self.study.tell(trial, state=TrialState.FAIL)
        self._live.pop(number)

    def _finish_losses(self) -> None:
        """Mark as lost what was queued again when the process that did so was killed."""
        every = self.study.get_trials(deepcopy=False)
        again = {trial.user_attrs.get(RETRY_OF) for trial in every}
        for trial in every:
            if trial.number in again and trial.state == TrialState.RUNNING:
                self._mark_lost(trial.number)

    def _take_over(self) -> None:
        """Queue again what machines held that give no sign of life any more."""
        holders = {
            trial.number: str(trial.user_attrs[HELD_BY])
            for trial in self.study.get_trials(deepcopy=False)
            if trial.state == TrialState.RUNNING and HELD_BY in trial.user_attrs
        }
        gone = self.machines.gone(set(holders.values()))
        for number, holder in holders.items():
            if holder in gone:
                self._queue_again(number, self._parameters(number))


def mean(errors: Sequence[float]) -> float:
    """Return the exact mean of errors, whatever their order."""
    return math.fsum(errors) / len(errors)


optuna.logging.set_verbosity(optuna.logging.ERROR)
