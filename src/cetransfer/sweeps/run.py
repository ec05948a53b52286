"""A sweep: a whole study for each outer fold, and what its winner is worth on that fold."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cetransfer
from cetransfer.errors import UserError, nearest
from cetransfer.provenance import array_digest, digest
from cetransfer.sweeps.drive import drive
from cetransfer.sweeps.pruners import make_pruner
from cetransfer.sweeps.samplers import GRID, make_sampler
from cetransfer.sweeps.search import Search
from cetransfer.sweeps.shared import address_of
from cetransfer.sweeps.space import extremes, grid, read_space, space_document
from cetransfer.sweeps.storage import open_study
from cetransfer.sweeps.winners import Contest
from cetransfer.sweeps.workshop import strategy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.study import Study

    from cetransfer.settings_sweep import SweepSettings
    from cetransfer.sweeps.composer import Composer
    from cetransfer.sweeps.executors.executor import Executor
    from cetransfer.sweeps.space import Dimension
    from cetransfer.sweeps.storage import Place
    from cetransfer.sweeps.winners import Winner
    from cetransfer.sweeps.workshop import Workshop

OBJECTIVES = ("error", "labels", "size")


@dataclass(frozen=True)
class Finished:
    """The study of an outer fold, at its end."""

    outer: int
    study: Study
    winners: list[Winner]


def check_sweep(sweep: SweepSettings) -> list[Dimension]:
    """Refuse what cannot be, before any data are read; return the search space.

    Raises
    ------
    UserError
        Naming the key, its value and what would be right.
    """
    space = read_space(sweep.space)
    for key, value, lowest in (
        ("trials", sweep.trials, 1),
        ("batch", sweep.batch, 1),
        ("members", sweep.members, 1),
        ("inner_folds", sweep.inner_folds, 2),
        ("outer_folds", sweep.outer_folds, 2),
    ):
        if value is not None and value < lowest:
            none = "; null for none" if key == "outer_folds" else ""
            raise UserError(f"sweep.{key}={value} is too small; give {lowest} or more{none}")
    if sweep.storage is not None:
        address_of(sweep.storage)
    if not 0 < sweep.grace < math.inf:
        raise UserError(f"sweep.grace={sweep.grace} must be seconds, greater than 0 and finite")
    rungs = sweep.rungs
    if rungs is not None and (
        not rungs or rungs != sorted(set(rungs)) or rungs[0] < 1 or rungs[-1] != sweep.inner_folds
    ):
        raise UserError(
            f"sweep.rungs={rungs} must be numbers of inner folds, each greater than the one "
            f"before, and end with sweep.inner_folds={sweep.inner_folds}"
        )
    _check_objectives(sweep)
    make_pruner(sweep.pruner)
    make_sampler(sweep.sampler, space, seed=0, outer=0, batch=sweep.batch)
    return space


def _check_objectives(sweep: SweepSettings) -> None:
    asked = sweep.objectives
    for name in asked:
        if name not in OBJECTIVES:
            hint = nearest(name, OBJECTIVES, f"choose of {', '.join(OBJECTIVES)}")
            raise UserError(f"sweep.objectives: {name} is unknown; {hint}")
    if asked[:1] != ["error"] or len(set(asked)) != len(asked):
        raise UserError(
            f"sweep.objectives=[{','.join(asked)}] must begin with error and name each once"
        )
    if len(asked) > 1 and sweep.pruner != "none":
        raise UserError(
            f"sweep.pruner={sweep.pruner}: of two objectives no trial can be pruned; give "
            "sweep.pruner=none sweep.rungs=null"
        )


def check_trials(composer: Composer, space: Sequence[Dimension]) -> None:
    """Compose trials at the ends of every key, so that a wrong key is told before the first one.

    Raises
    ------
    UserError
        As composing does, or if a trial has several strategies.
    """
    if all(dimension.key != "strategy" for dimension in space):
        strategy_of(composer.base)
    for point in extremes(space):
        strategy_of(composer.settings(point))


def sweep_key(workshop: Workshop, space: Sequence[Dimension]) -> str:
    """Return a digest of everything that decides the numbers of a sweep.

    The number of trials is not part of it: a study may be gone on with.
    """
    configured = dataclasses.asdict(workshop.settings)
    for key in (
        "compute",
        "features_dir",
        "output_dir",
        "overrides",
        "quiet",
        "source_dir",
        "tracking",
    ):
        del configured[key]
    for key in ("grace", "name", "space", "storage", "study", "trials"):
        del configured["sweep"][key]
    domains = (*workshop.sources, workshop.whole_target)
    arrays = [array_digest(domain.features, domain.labels) for domain in domains]
    rows = [array_digest(split.train, split.test) for split in workshop.folds.outer]
    parts = [configured, space_document(space), arrays, rows, cetransfer.__version__]
    return digest(parts)[:16]


def run_sweep(
    workshop: Workshop,
    space: Sequence[Dimension],
    place: Place,
    key: str,
    make_executor: Callable[[Workshop], Executor],
    ended: Callable[[int, Study], None] = lambda *_: None,
) -> list[Finished]:
    """Run the studies of all outer folds side by side, or go on with them.

    Parameters
    ----------
    workshop
        Data, folds and configuration.
    space
        What is searched.
    place
        Where the studies lie.
    key
        Of the sweep.
    make_executor
        Starts those who train.
    ended
        Called with an outer fold and its study when all trials of that have ended.

    Raises
    ------
    UserError
        If another sweep lies there, no trial can be trained, or workers keep dying.
    """
    settings = workshop.settings
    sweep = settings.sweep
    if sweep.sampler == GRID:
        sweep = dataclasses.replace(sweep, trials=min(sweep.trials, len(grid(space))))
    contests = []
    with make_executor(workshop) as executor:
        for outer, fold in enumerate(workshop.folds.outer):
            study = open_study(
                place,
                outer,
                key=key,
                name=sweep.name,
                trials=sweep.trials,
                directions=len(sweep.objectives),
                sampler=make_sampler(
                    sweep.sampler, space, seed=settings.seed, outer=outer, batch=sweep.batch
                ),
                pruner=make_pruner(sweep.pruner),
            )
            search = Search(study, space, sweep, outer, place.machines)
            contests.append(Contest(search, settings, ended, has_fold=len(fold.test) > 0))
        drive(contests, executor, f"sweep {sweep.name}", "trials and winners")
    return [Finished(each.outer, each.search.study, each.winners) for each in contests]
