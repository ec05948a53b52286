"""A model's own recipe, trained anew without each group of elements, and its intervals for them.

For each group the strategy is trained on those of the labelled rows that hold none of its elements,
on whatever cation site, with as many folds and networks as the model has; the intervals that follow
are held against the labels of all compounds that hold one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.row_elements import elements_of
from cetransfer.errors import UserError
from cetransfer.features.schema import feature_schema
from cetransfer.models.applicability import known_of
from cetransfer.models.intervals import fold_ensembles, scaled_intervals
from cetransfer.models.source_nets import SourceNets
from cetransfer.models.target_nets import Start
from cetransfer.progress import hushed, track
from cetransfer.screening.worth.element_groups import (
    Held,
    coverage_of_groups,
    element_groups,
    holding,
)
from cetransfer.seeding import Purpose, generator
from cetransfer.settings import source_net_count
from cetransfer.training.source import all_rows, source_nets
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cetransfer.features.domain import Domain
    from cetransfer.models.model import Model
    from cetransfer.settings import Settings

ORDER, FOLDS, BOOTSTRAP = range(1, 4)
"""First numbers of the paths of random numbers; those of known answers have none."""


@dataclass(frozen=True)
class Trial:
    """What is trained: a model's recipe on its own data.

    Parameters
    ----------
    model
        Whose intervals are asked about.
    settings
        That it was made with.
    sources, target
        Its data.
    labelled
        Rows of the target that it was trained on.
    """

    model: Model
    settings: Settings
    sources: tuple[Domain, ...]
    target: Domain
    labelled: NDArray[np.int64]


def without_elements(trial: Trial, root: Path) -> dict[str, Any]:
    """Return how often intervals hold for elements that no labelled row holds.

    Parameters
    ----------
    trial
        What is trained.
    root
        The project's folder, where source nets are kept.

    Raises
    ------
    UserError
        If too few rows are left without a group of elements, or a network cannot be trained.
    """
    settings, target = trial.settings, trial.target
    cations = [role for role in target.data.roles if role != "X"]
    present = elements_of(target.sites[cations])
    groups = element_groups(present, generator(settings.seed, Purpose.KNOWN_ANSWERS, ORDER))
    nets = _source_nets(trial, groups, root)
    name = trial.model.nets.strategy.name
    held = []
    for number, group in enumerate(
        track(groups, f"{name} without held-out elements", unit="groups")
    ):
        own = holding(present, group)
        rows = trial.labelled[~own[trial.labelled]]
        with hushed():
            lower, upper = _intervals(trial, nets, number, rows)
        asked = np.flatnonzero(own)
        labels = target.data.labels[asked]
        within = (lower[asked] <= labels) & (labels <= upper[asked])
        sites = target.sites[cations].iloc[asked]
        held.append(Held(group, sites, within, upper[asked] - lower[asked]))
    seen = bool(settings.protocol.source_has_element and trial.model.nets.strategy.uses_source)
    random = generator(settings.seed, Purpose.KNOWN_ANSWERS, BOOTSTRAP)
    return {**coverage_of_groups(held, random), "source_has_element": seen}


def _source_nets(trial: Trial, groups: Sequence[frozenset[str]], root: Path) -> SourceNets:
    """Return the model's own source nets where it has kept them, or such as it was made with."""
    model, settings, sources = trial.model, trial.settings, trial.sources
    strategy = model.nets.strategy
    if _kept(trial):
        return SourceNets.of_stored(model.start, sources, all_rows(sources), strategy)
    return source_nets(
        settings,
        sources,
        feature_schema(settings.features).digest,
        root / settings.source_dir,
        strategy.pretrain,
        (frozenset(),) if settings.protocol.source_has_element else groups,
    )


def _kept(trial: Trial) -> bool:
    """Tell whether the model's folder holds all of the source nets that training asks."""
    strategy = trial.model.nets.strategy
    if not strategy.uses_source:
        return True
    own = strategy.asks_source and not strategy.with_source_rows
    return own and trial.settings.protocol.source_has_element


def _intervals(
    trial: Trial, nets: SourceNets, number: int, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Train on some rows, and return the limits (n,) of all others; NaN of those trained on."""
    settings, target, model = trial.settings, trial.target, trial.model
    strategy = model.nets.strategy
    starts, left_out, folds = _starts(trial, number, rows)
    plan = strategy.plan(len(settings.network.hidden) + 1)
    (made,) = fit_target([Task(strategy, plan, starts, nets, target, settings)])
    ensembles = fold_ensembles(made.predict(target, nets), folds, left_out)
    if ensembles is None:
        raise UserError(f"{len(rows)} labelled rows without a group of elements are too few")
    new = np.setdiff1d(np.arange(len(target)), rows)
    known = known_of(target, rows)
    alike = (known.elements_seen(target) & known.features_in_range(target))[new]
    found, _ = scaled_intervals(ensembles, target.data.labels, new, alike)
    lower, upper = (np.full(len(target), np.nan) for _ in range(2))
    lower[new], upper[new] = found.lower, found.upper
    return lower, upper


def _starts(
    trial: Trial, number: int, rows: NDArray[np.int64]
) -> tuple[list[Start], list[NDArray[np.int64]], dict[int, list[int]]]:
    """Return a start for each of the model's networks with a fold, rows dealt into such folds.

    Beside them the rows that each fold leaves out, and its networks by their places.
    """
    own, folds = trial.model.ensemble
    sources = _sources(trial, number)
    shuffled = generator(trial.settings.seed, Purpose.KNOWN_ANSWERS, FOLDS, number)
    left_out = [np.sort(each) for each in np.array_split(shuffled.permutation(rows), len(folds))]
    if any(len(each) == 0 for each in left_out):
        raise UserError(f"{len(rows)} labelled rows without a group of elements are too few")
    starts: list[Start] = []
    places: dict[int, list[int]] = {}
    for fold, members in enumerate(folds.values()):
        train = np.setdiff1d(rows, left_out[fold])
        for place in members:
            places.setdefault(fold, []).append(len(starts))
            seed = own.starts[place].target_seed
            starts.append(Start(train, number, fold, seed, sources[place]))
    return starts, left_out, places


def _sources(trial: Trial, number: int) -> list[int]:
    """Return which of `_source_nets` each of the model's networks with a fold starts from."""
    own, _ = trial.model.ensemble
    if _kept(trial):
        return [start.source for start in own.starts]
    told = [one["source"] for one in trial.model.about["members"] if one["fold"] is not None]
    count = source_net_count(trial.settings)
    first = 0 if trial.settings.protocol.source_has_element else number * count
    return [first + int(source) % count for source in told]
