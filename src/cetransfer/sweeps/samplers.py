"""Samplers that ask the same again: each draw is seeded by the trial's number and the key."""

from __future__ import annotations

import warnings
import zlib
from typing import TYPE_CHECKING, Any

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from cetransfer.errors import UserError, nearest
from cetransfer.seeding import Purpose, number
from cetransfer.sweeps.space import Dimension, grid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

GRID = "grid"

#: user attribute of a trial whose worker died; another one has its parameters
LOST = "lost"

DRAWN = "cetransfer:drawn"
"""System attribute of a trial: the keys that were drawn together."""

_SHARED = "relative_params:"
"""Part of the names under which Optuna's samplers tell each other what is being tried."""

AT_RANDOM = 8
"""Trials before TPE's first informed one: the first batch, of the size that sweeps have, unless
told otherwise. With Optuna's ten the second batch would be drawn at random too."""

SAMPLERS: dict[str, Callable[[int, int], BaseSampler]] = {
    # groups: keys that exist together are drawn together, also in a conditional space; a trial
    # that is running counts as a bad one, so that a batch spreads out
    "tpe": lambda seed, _: TPESampler(
        seed=seed, n_startup_trials=AT_RANDOM, multivariate=True, group=True, constant_liar=True
    ),
    "gp": lambda seed, _: GPSampler(seed=seed, warn_independent_sampling=False),
    "nsgaii": lambda seed, batch: NSGAIISampler(seed=seed, population_size=batch),
    "random": lambda seed, _: RandomSampler(seed=seed),
}

MULTI_OBJECTIVE = ("nsgaii", "tpe", "gp", "random", GRID)


def make_sampler(
    kind: str, space: Sequence[Dimension], *, seed: int, outer: int, batch: int
) -> BaseSampler:
    """Return the sampler that `sweep.sampler` names.

    Raises
    ------
    UserError
        If it is unknown.
    """
    if kind == GRID:
        return _Grid(space)
    if kind not in SAMPLERS:
        allowed = [*SAMPLERS, GRID]
        hint = nearest(kind, allowed, f"choose one of {', '.join(allowed)}")
        raise UserError(f"sweep.sampler={kind} is unknown; {hint}")

    def fresh(*path: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return SAMPLERS[kind](number(seed, Purpose.SWEEP_ASK, outer, *path), batch)

    return _Steady(fresh)


class _Steady(BaseSampler):
    """A sampler made anew for every trial and key.

    What it draws follows from the trials in the storage and the number of this one, so a study that
    was stopped at any moment, even in the middle of asking, goes on as if it had not been.
    """

    def __init__(self, fresh: Callable[..., BaseSampler]) -> None:
        self._fresh = fresh
        self._of_trial: tuple[int, BaseSampler] | None = None

    def _sampler(self, trial: FrozenTrial) -> BaseSampler:
        if self._of_trial is None or self._of_trial[0] != trial.number:
            self._of_trial = trial.number, self._fresh(trial.number)
        return self._of_trial[1]

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the keys that are drawn together."""
        self._of_trial = None
        return self._sampler(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw them, or return what was drawn before the trial's process was killed."""
        drawn = trial.system_attrs.get(DRAWN)
        if drawn is not None:
            return dict(drawn)
        storage, identifier = study._storage, trial._trial_id  # noqa: SLF001 - as Optuna's own samplers do
        for name in trial.system_attrs:
            if _SHARED in name:
                # of this trial itself, which would be taken for another one that is running
                storage.set_trial_system_attr(identifier, name, "")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            drawn = self._sampler(trial).sample_relative(study, trial, search_space)
        storage.set_trial_system_attr(identifier, DRAWN, drawn)
        return drawn

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:  # noqa: ANN401 - as Optuna declares it
        """Draw one key by itself."""
        alone = self._fresh(trial.number, zlib.crc32(param_name.encode()))
        return alone.sample_independent(study, trial, param_name, param_distribution)


class _Grid(BaseSampler):
    """Every point once, in order."""

    def __init__(self, space: Sequence[Dimension]) -> None:
        self.points = grid(space)

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002 - as Optuna declares it
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Return none: a point is one choice."""
        return {}

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002 - as Optuna declares it
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return none, likewise."""
        return {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,  # noqa: ARG002 - as Optuna declares it
    ) -> Any:  # noqa: ANN401
        """Return the value of the first point that no trial before this one has."""
        taken = [
            other.params
            for other in study.get_trials(deepcopy=False)
            if other.number < trial.number and not is_lost(other)
        ]
        point = next(point for point in self.points if point not in taken)
        return point[param_name]


def is_lost(trial: FrozenTrial) -> bool:
    """Tell whether a trial's worker died, so that another one stands for it."""
    return trial.state == TrialState.FAIL and bool(trial.user_attrs.get(LOST))
