"""Pruners: pure functions of what the storage holds, so that asking twice gives one answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from optuna.pruners import BasePruner, MedianPruner, NopPruner

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna.study import Study
    from optuna.trial import FrozenTrial

REDUCTION = 3
"""Of so many trials that reach a rung, one goes on (Li et al., arXiv:1810.05934)."""

ENOUGH = 5
"""Trials to have come to their end before any is held against their median."""


class Halving(BasePruner):
    """Asynchronous successive halving (ASHA) over the rungs of a study.

    Li et al., arXiv:1810.05934, section 3.2: at a rung, a trial goes on if it is among the best
    third of those that have been there. Optuna's own writes down what it decided, and would decide
    otherwise if it were asked again after a stop.
    """

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether a trial stops at the rung that it reported last."""
        step = trial.last_step
        if step is None:
            return False
        there = [
            other.intermediate_values[step]
            for other in study.get_trials(deepcopy=False)
            if step in other.intermediate_values and other.number != trial.number
        ]
        mine = trial.intermediate_values[step]
        if math.isnan(mine):
            return True
        better = sum(value < mine for value in there)
        return len(there) + 1 >= REDUCTION and better >= math.ceil((len(there) + 1) / REDUCTION)


PRUNERS: dict[str, Callable[[], BasePruner]] = {
    "median": lambda: MedianPruner(n_startup_trials=ENOUGH),
    "halving": Halving,
    "none": NopPruner,
}


def make_pruner(kind: str) -> BasePruner:
    """Return the pruner that `sweep.pruner` names.

    Raises
    ------
    UserError
        If it is unknown.
    """
    if kind not in PRUNERS:
        hint = nearest(kind, PRUNERS, f"choose one of {', '.join(PRUNERS)}")
        raise UserError(f"sweep.pruner={kind} is unknown; {hint}")
    return PRUNERS[kind]()
