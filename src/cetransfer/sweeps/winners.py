"""The winners of a study: trained once more, and scored on what no trial saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.sweeps.batch import FRESH, OUTER, Batch, Item, Result
from cetransfer.sweeps.patience import Patience
from cetransfer.sweeps.search import mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.trial import FrozenTrial

    from cetransfer.settings_sweep import StudySettings
    from cetransfer.sweeps.executors.executor import Executor
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


def judge_winners(
    search: Search, settings: StudySettings, executor: Executor, *, has_fold: bool
) -> list[Winner] | None:
    """Score the winners of a finished study, unless that was done before.

    None where another machine is at it.

    Raises
    ------
    UserError
        If no trial came to its end, or a winner cannot be trained again.
    """
    sweep = settings.sweep
    with search.turn():
        best = search.best()
        stored = _stored(search, best)
        if stored is not None:
            return stored
        if not _is_mine(search):
            return None
    every = list(range(sweep.inner_folds))
    items = []
    for trial in best:
        parameters = dict(trial.params)
        items.append(Item(trial.number, parameters, FRESH, every, sweep.members))
        if has_fold:
            members = settings.protocol.members
            items.append(Item(trial.number, parameters, OUTER, [0], members))
    results = _trained(Batch(0, search.outer, items), executor)
    winners = []
    for trial in best:
        own = {
            item.part: result
            for item, result in zip(items, results, strict=True)
            if item.trial == trial.number
        }
        fresh, outer = own[FRESH], own.get(OUTER)
        inner = trial.user_attrs["errors"]
        winners.append(
            Winner(
                trial.number,
                dict(trial.params),
                mean(inner),
                mean(fresh.errors),
                (outer or fresh).labels,
                fresh.size,
                outer.per_row if outer else [],
            )
        )
    with search.turn():
        # of two that were at it, the one that took the other for dead, the first one counts
        stored = _stored(search, best)
        if stored is None:
            search.study.set_user_attr(WINNERS, [each.__dict__ for each in winners])
    return stored or winners


def _stored(search: Search, best: Sequence[FrozenTrial]) -> list[Winner] | None:
    stored = search.study.user_attrs.get(WINNERS, [])
    if [each["trial"] for each in stored] != [trial.number for trial in best]:
        return None
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


def _trained(batch: Batch, executor: Executor) -> list[Result]:
    patience = Patience()
    executor.submit(batch)
    while (results := executor.next().results) is None:
        patience.lose_one()
        executor.submit(batch)
    for result in results:
        if result.reason:
            raise UserError(
                f"outer fold {batch.outer}: trial {result.trial}, which is the best, cannot be "
                f"trained on all rows ({result.reason}); change sweep.space"
            )
    return results
