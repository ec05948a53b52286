"""Where trials are trained: it knows the data, the folds and the source nets of a sweep."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from cetransfer.errors import UserError
from cetransfer.evaluation.case import load_domains
from cetransfer.evaluation.splits import make_members
from cetransfer.evaluation.trained import stacks_of, start_of
from cetransfer.features.schema import feature_schema
from cetransfer.models.profiles import require_pairs
from cetransfer.models.source_nets import SourceNets
from cetransfer.networks.stack import MlpStack
from cetransfer.provenance import digest
from cetransfer.settings import source_net_count
from cetransfer.sweeps.batch import OUTER, Result
from cetransfer.sweeps.composer import Composer
from cetransfer.sweeps.folds import inner_splits, make_folds, subset
from cetransfer.training.source import source_nets
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task
from cetransfer.transfer.strategy import make_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cetransfer.evaluation.splits import Member, Split
    from cetransfer.features.domain import Domain
    from cetransfer.models.target_nets import TargetNets
    from cetransfer.settings import Settings
    from cetransfer.settings_sweep import StudySettings
    from cetransfer.sweeps.batch import Batch, Item
    from cetransfer.transfer.strategy import Strategy


@dataclass(frozen=True)
class _Work:
    """An item that is ready to be trained."""

    item: Item
    task: Task
    splits: list[Split]
    members: list[Member]


class Workshop:
    """Trains batches of trials.

    Parameters
    ----------
    words
        Overrides of the sweep's command line.
    root
        The project's folder.
    """

    def __init__(self, words: Sequence[str], root: Path) -> None:
        self.composer = Composer(words)
        self.root = root
        self._domains: dict[str, tuple[tuple[Domain, ...], Domain]] = {}
        self._nets: dict[str, SourceNets] = {}
        self.settings: StudySettings = self.composer.base
        self.sources, self.whole_target = load_domains(self.settings, root)
        self.folds = make_folds(self.whole_target.data, self.settings)
        self._formulas = self.whole_target.data.frame["formula"].tolist()

    def train(self, batch: Batch) -> list[Result]:
        """Train the items of a batch, those of one shape as one stack."""
        results: dict[int, Result] = {}
        works: list[tuple[int, _Work]] = []
        for place, item in enumerate(batch.items):
            try:
                works.append((place, self._work(item, batch.outer)))
            except UserError as error:
                results[place] = Result(item.trial, [], reason=str(error))
        for stack in stacks_of([work.task for _, work in works]):
            results.update(self._trained([works[each] for each in stack]))
        return [results[place] for place in range(len(batch.items))]

    def _trained(self, works: Sequence[tuple[int, _Work]]) -> Iterator[tuple[int, Result]]:
        try:
            made = fit_target([work.task for _, work in works])
        except UserError as error:
            if len(works) == 1:
                ((place, work),) = works
                yield place, Result(work.item.trial, [], reason=str(error))
                return
            # one of them diverged: the others are what they are without it
            for each in works:
                yield from self._trained([each])
            return
        for (place, work), nets in zip(works, made, strict=True):
            yield place, _scored(work, nets)

    def _work(self, item: Item, outer: int) -> _Work:
        settings = self.composer.settings(item.parameters)
        strategy = strategy_of(settings)
        plan = strategy.plan(len(settings.network.hidden) + 1)
        sources, target = self._loaded(settings)
        if strategy.profile_components:
            require_pairs(strategy.name, sources, target)
        splits = self._splits(item, outer, settings)
        members = make_members(splits, item.members, source_net_count(settings))
        nets = self._source_nets(settings, strategy, sources)
        starts = [start_of(member) for member in members]
        return _Work(item, Task(strategy, plan, starts, nets, target, settings), splits, members)

    def _splits(self, item: Item, outer: int, settings: StudySettings) -> list[Split]:
        seed, asked = settings.seed, settings.dataset.n_labelled
        count = None if asked == self.settings.dataset.n_labelled else asked
        if item.part == OUTER:
            split = self.folds.outer[outer]
            train = subset(split.train, count, seed, outer)
            return [dataclasses.replace(split, train=train, groups=())]
        every = inner_splits(self.folds, outer, item.part, settings.sweep.inner_folds, seed, count)
        chosen = [every[fold] for fold in item.folds]
        if count is not None and min(len(split.train) for split in chosen) < count:
            raise UserError(
                f"dataset.n_labelled={count} is more than the "
                f"{min(len(split.train) for split in chosen)} rows that an inner fold trains on"
            )
        return chosen

    def _loaded(self, settings: Settings) -> tuple[tuple[Domain, ...], Domain]:
        """Return sources and the labelled part of the target, as a trial's configuration has it."""
        chosen = dataclasses.asdict(settings.dataset)
        for key in ("n_labelled", "draw", "reference", "pretrain", "name"):
            del chosen[key]
        key = digest([chosen, dataclasses.asdict(settings.features)])
        if key not in self._domains:
            sources, target = load_domains(settings, self.root)
            if target.data.frame["formula"].tolist() != self._formulas:
                raise UserError(
                    "a key of sweep.space changes the rows of the target, so trials could not be "
                    "compared; give it outside of sweep.space"
                )
            self._domains[key] = sources, _part(target, self.folds.labelled)
        return self._domains[key]

    def _source_nets(
        self, settings: Settings, strategy: Strategy, sources: Sequence[Domain]
    ) -> SourceNets:
        if not strategy.uses_source:
            return _no_nets(sources, settings)
        folder = self.root / settings.source_dir
        pretrain = strategy.pretrain or settings.dataset.pretrain
        training = settings.training
        key = digest(
            [
                [source.name for source in sources],
                dataclasses.asdict(settings.dataset),
                dataclasses.asdict(settings.features),
                dataclasses.asdict(settings.network),
                dataclasses.asdict(training.source),
                [training.weight_decay, training.l1, training.loss_beta, training.accelerator],
                [source_net_count(settings), settings.seed, pretrain],
            ]
        )
        if key not in self._nets:
            schema = feature_schema(settings.features)
            with _alone(folder):
                self._nets[key] = source_nets(settings, sources, schema.digest, folder, pretrain)
        return self._nets[key]


def _no_nets(sources: Sequence[Domain], settings: Settings) -> SourceNets:
    """Return what a strategy gets that does not look at source nets."""
    nothing = MlpStack(1, sources[0].features.shape[1], settings.network)
    return SourceNets("", nothing, {}, (), ())


def strategy_of(settings: Settings) -> Strategy:
    """Return the strategy of a trial.

    Raises
    ------
    UserError
        If there are several: a trial is one network on some folds.
    """
    names = list(settings.strategy)
    if len(names) != 1:
        raise UserError(
            f"a trial trains one strategy, and strategy=[{','.join(names)}] are {len(names)}; "
            "give strategy=NAME, or search over them with sweep=strategies"
        )
    return make_strategy(names[0], settings.strategy[names[0]])


def _scored(work: _Work, nets: TargetNets) -> Result:
    target, splits = work.task.target, work.splits
    predicted = nets.predict(target, work.task.nets)
    labels = target.data.labels
    errors, rows = [], np.empty(0)
    for split in splits:
        own = [place for place, member in enumerate(work.members) if member.split is split]
        rows = np.abs(predicted[own][:, split.test].mean(axis=0) - labels[split.test])
        errors.append(float(rows.mean()) if len(rows) else float("nan"))
    widths = [nets.stack.x_mean.shape[2], *work.task.settings.network.hidden, 1]
    return Result(
        work.item.trial,
        errors,
        labels=min(len(split.train) for split in splits),
        size=sum((narrow + 1) * wide for narrow, wide in pairwise(widths)),
        per_row=rows.tolist() if work.item.part == OUTER else [],
    )


def _part(domain: Domain, rows: np.ndarray) -> Domain:
    """Return a domain of some of its rows, in order."""
    kept = np.zeros(len(domain), np.bool_)
    kept[rows] = True
    return dataclasses.replace(
        domain,
        data=domain.data.keep(kept),
        views=tuple(view[kept] for view in domain.views),
        exchanged=None if domain.exchanged is None else domain.exchanged[kept],
    )


def _alone(folder: Path) -> FileLock:
    """Train no source nets that another worker is training already."""
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / ".lock")
