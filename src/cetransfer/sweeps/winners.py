"""A study and its winners, which are trained once more and scored on what no trial saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.sweeps.batch import FRESH, OUTER, Batch, Item
from cetransfer.sweeps.search import mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from cetransfer.settings_sweep import StudySettings
    from cetransfer.sweeps.batch import Result
    from cetransfer.sweeps.search import Search

WINNERS = "winners"
"""User attribute of a study: what its winners scored."""

JUDGE = "judge"
"""User attribute of a study: the machine that trains its winners, where several work on it."""


@dataclass(frozen=True)
class Winner:
    """A trial with the lowest inner error, or one of the front.

    Parameters
    ----------
    trial, parameters
        Its number and what it changes.
    best_inner_error
        What it was chosen by: too low, for it is the lowest of many.
    fresh_inner_error
        Its error on other inner folds of the same rows.
    labels, size
        Target rows trained on for the outer fold, and parameters of one network.
    per_row
        Absolute error of each row of the outer fold; empty where there is none.
    """

    trial: int
    parameters: dict[str, Any]
    best_inner_error: float
    fresh_inner_error: float
    labels: int
    size: int
    per_row: list[float]

    @property
    def optimism(self) -> float:
        """How much too low the score is that the winner was chosen by."""
        return self.fresh_inner_error - self.best_inner_error

    @property
    def outer_error(self) -> float | None:
        """Its mean absolute error on the outer fold."""
        return mean(self.per_row) if self.per_row else None


class Contest:
    """A study from its first trial to what its winners score: one step more than it has trials.

    Parameters
    ----------
    search
        Asks for the trials.
    settings
        Of the sweep.
    has_fold
        Whether there are rows that no trial sees.
    ended
        Called with the outer fold and its study when all trials have ended.
    """

    def __init__(
        self,
        search: Search,
        settings: StudySettings,
        ended: Callable[[int, Study], None],
        *,
        has_fold: bool,
    ) -> None:
        self.search = search
        self.outer = search.outer
        self.machines = search.machines
        self.winners: list[Winner] = []
        self._settings = settings
        self._has_fold = has_fold
        self._ended = ended
        self._best: list[FrozenTrial] = []
        self._judging: Batch | None = None

    @property
    def total(self) -> int:
        """Number of trials that are asked for, and one."""
        return self.search.total + 1

    @property
    def finished(self) -> int:
        """Number of trials that came to an end, and one if the winners are scored."""
        # a study may have more trials than are asked for now
        return min(self.search.finished, self.search.total) + bool(self.winners)

    def next_batch(self) -> Batch | None:
        """Return trials, or the winners once all trials have ended.

        Raises
        ------
        UserError
            If no trial came to its end.
        """
        if self.winners or self._judging is not None:
            return None
        if self.search.finished < self.search.total:
            return self.search.next_batch()
        if not self._best:
            self._ended(self.outer, self.search.study)
        with self.search.turn():
            self._best = self.search.best()
            self.winners = _stored(self.search, self._best)
            if not self.winners and _is_mine(self.search):
                self._judging = Batch(self.outer, self._items())
        return self._judging

    def returned(self, batch: Batch, results: Sequence[Result]) -> None:
        """Take in what a worker found.

        Raises
        ------
        UserError
            If a winner cannot be trained again.
        """
        if batch is not self._judging:
            self.search.returned(batch, results)
            return
        _require_trained(self.outer, results)
        winners = self._scored(batch, results)
        with self.search.turn():
            # of two that were at it, the one that took the other for dead, the first one counts
            self.winners = _stored(self.search, self._best) or winners
            if self.winners is winners:
                found = [each.__dict__ for each in winners]
                self.search.study.set_user_attr(WINNERS, found)

    def lost(self, batch: Batch) -> None:
        """Take back what a worker held that died."""
        if batch is self._judging:
            self._judging = None
        else:
            self.search.lost(batch)

    def _items(self) -> list[Item]:
        sweep = self._settings.sweep
        every = list(range(sweep.inner_folds))
        items = []
        for trial in self._best:
            parameters = dict(trial.params)
            items.append(Item(trial.number, parameters, FRESH, every, sweep.members))
            if self._has_fold:
                members = self._settings.protocol.members
                items.append(Item(trial.number, parameters, OUTER, [0], members))
        return items

    def _scored(self, batch: Batch, results: Sequence[Result]) -> list[Winner]:
        winners = []
        for trial in self._best:
            own = {
                item.part: result
                for item, result in zip(batch.items, results, strict=True)
                if item.trial == trial.number
            }
            fresh, outer = own[FRESH], own.get(OUTER)
            winners.append(
                Winner(
                    trial.number,
                    dict(trial.params),
                    mean(trial.user_attrs["errors"]),
                    mean(fresh.errors),
                    (outer or fresh).labels,
                    fresh.size,
                    outer.per_row if outer else [],
                )
            )
        return winners


def _stored(search: Search, best: Sequence[FrozenTrial]) -> list[Winner]:
    """Return what the winners scored before; nothing if that was never, or others won then."""
    stored = search.study.user_attrs.get(WINNERS, [])
    if [each["trial"] for each in stored] != [trial.number for trial in best]:
        return []
    return [Winner(**each) for each in stored]


def _is_mine(search: Search) -> bool:
    """Tell whether this process is to train the winners, as no living one is at it."""
    machines, study = search.machines, search.study
    if not machines.name:
        return True
    judge = study.user_attrs.get(JUDGE, machines.name)
    if judge != machines.name and not machines.gone({judge}):
        return False
    study.set_user_attr(JUDGE, machines.name)
    return True


def _require_trained(outer: int, results: Sequence[Result]) -> None:
    for result in results:
        if result.reason:
            raise UserError(
                f"outer fold {outer}: trial {result.trial}, which is the best, cannot be "
                f"trained on all rows ({result.reason}); change sweep.space"
            )
