"""The comparison: every strategy on the same rows, seeds and steps, resumable stack by stack."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

import cetransfer
from cetransfer.errors import UserError
from cetransfer.evaluation.baselines import baseline_names
from cetransfer.evaluation.best_baseline import best_predictions, choices, inner_errors
from cetransfer.evaluation.case import notes
from cetransfer.evaluation.contrast import Contrast, contrast_of
from cetransfer.evaluation.coverage import (
    Coverage,
    all_intervals,
    coverage_document,
)
from cetransfer.evaluation.leakage import leakage_audit, require_held_out, seen_by
from cetransfer.evaluation.learning_curve import crossovers, curve_table, last_gains
from cetransfer.evaluation.models import MODELS
from cetransfer.evaluation.outcome import outcome_of
from cetransfer.evaluation.predictions import (
    baseline_predictions,
    ensemble,
)
from cetransfer.evaluation.scores import Score, score
from cetransfer.evaluation.trained import jobs_of, train_all
from cetransfer.evaluation.used import data_document, stacks_document
from cetransfer.files import read_table, write_aside
from cetransfer.models.profiles import require_pairs
from cetransfer.provenance import array_digest, digest, git_commit, package_versions
from cetransfer.settings import PLACES
from cetransfer.training.source import source_nets
from cetransfer.transfer.strategies.target_only import TargetOnly
from cetransfer.transfer.strategy import make_plans, make_strategies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cetransfer.evaluation.case import Case
    from cetransfer.features.domain import Domain
    from cetransfer.models.source_nets import SourceNets
    from cetransfer.settings import Settings
    from cetransfer.transfer.strategy import LayerPlan


@dataclass(frozen=True)
class Comparison:
    """Everything a comparison found; `document` is `comparison.json`.

    `part` of the predictions is what strategies are compared on; `curve` is None where there is
    only one number of labelled rows, `contrast` where none was named in advance; `intervals` and
    `coverage` speak of the rows never trained on, where there are any. `models` are the folders of
    the strategies' models, `nets` the source nets of each strategy that uses some.
    """

    document: dict[str, Any]
    predictions: pd.DataFrame
    intervals: pd.DataFrame
    coverage: dict[str, Coverage]
    strategies: list[Score]
    baselines: list[Score]
    plans: dict[str, list[LayerPlan]]
    losses: dict[str, list[float]]
    models: dict[str, Path]
    sources: SourceNets
    nets: dict[str, SourceNets]
    part: str
    curve: pd.DataFrame | None = None
    contrast: Contrast | None = None

    @property
    def reference(self) -> Score:
        """The strategy that gains are measured against."""
        return next(line for line in self.strategies if line.verdict is None)


def comparison_key(settings: Settings, case: Case) -> str:
    """Return a digest of everything that decides the numbers of a comparison."""
    configured = dataclasses.asdict(settings)
    for key in PLACES:
        del configured[key]
    arrays = [
        array_digest(domain.features, domain.labels) for domain in (*case.sources, case.target)
    ]
    rows = [array_digest(split.train, split.test) for split in case.splits]
    groups = [[list(split.groups), sorted(split.held)] for split in case.splits]
    return digest([configured, arrays, rows, groups, case.schema.digest, cetransfer.__version__])[
        :16
    ]


def compare(settings: Settings, case: Case, root: Path, partial: Path) -> Comparison:
    """Run a comparison.

    Parameters
    ----------
    settings
        The whole configuration.
    case
        Rows, features, labels and splits.
    root
        The project's folder.
    partial
        Folder of finished stacks: what is there is taken, what is not is computed and put there.

    Raises
    ------
    UserError
        If a strategy does not fit, a folder cannot be written, or a loss is not finite.
    """
    began = time.perf_counter()
    strategies = make_strategies(settings.strategy)
    for strategy in strategies:
        if strategy.name in baseline_names():
            raise UserError(f"strategy.{strategy.name}: a baseline has that name; choose another")
        if strategy.profile_components:
            require_pairs(strategy.name, case.sources, case.target)
    plans = make_plans(settings.strategy, len(settings.network.hidden) + 1)

    @cache
    def sources_of(pretrain: str) -> SourceNets:
        folder = root / settings.source_dir
        nets = source_nets(
            settings, case.sources, case.schema.digest, folder, pretrain, case.without
        )
        require_held_out(case.members, nets)
        return nets

    sources = sources_of(settings.dataset.pretrain)
    first = {id(member.split): member.source for member in reversed(case.members)}
    leakage = leakage_audit(
        case.target,
        case.splits,
        [seen_by(sources, first[id(split)]) for split in case.splits],
    )
    jobs = [
        job
        for strategy in strategies
        for job in jobs_of(
            strategy,
            plans[strategy.name],
            settings,
            case,
            sources_of(strategy.pretrain or settings.dataset.pretrain),
            partial / "strategies" / strategy.name,
        )
    ]
    # of several numbers of labelled rows, the last one is what strategies are compared at
    last = {job.task.strategy.name: job for job in jobs}
    kept = {job.folder for job in last.values()}
    outcomes = {
        made.job.folder: outcome_of(
            made, case, partial / MODELS if made.job.folder in kept else None
        )
        for made in train_all(jobs, case)
    }
    compared = {name: outcomes[job.folder] for name, job in last.items()}
    drafts = {name: each.draft for name, each in compared.items() if each.draft}
    coverage = {name: each.unseen.coverage for name, each in compared.items() if each.unseen}
    tables = [outcomes[job.folder].predictions for job in jobs]
    baselines = _kept(partial / "baselines.parquet", lambda: baseline_predictions(case, settings))
    inner = _kept(partial / "inner_errors.parquet", lambda: inner_errors(case, settings))
    tables += [baselines, best_predictions(baselines, inner)]
    predictions = pd.concat(tables, ignore_index=True)
    reference = next(item.name for item in strategies if isinstance(item, TargetOnly))
    quantity = case.target.data.quantity

    def scored(part: str) -> tuple[list[Score], list[Score]]:
        return score(
            predictions,
            [strategy.name for strategy in strategies],
            baseline_names(),
            quantity=quantity,
            reference=reference,
            judge=case.layout.judge_of(part),
            part=part,
            alpha=settings.protocol.alpha,
            margin=settings.protocol.margin,
            seed=settings.seed,
        )

    parts = {split.size: split.part for split in case.splits if split.size}
    by_size = {size: scored(part) for size, part in parts.items()}
    strategy_scores, baseline_scores = (
        by_size[max(by_size)] if by_size else scored(case.layout.part)
    )
    shared = {size: case.layout.judge_of(part).test_to_train for size, part in parts.items()}
    curve = curve_table(by_size, predictions, parts, shared, quantity) if by_size else None
    contrast = None
    if settings.protocol.contrast is not None:
        contrast = contrast_of(
            predictions,
            settings.protocol.contrast,
            quantity=quantity,
            judge=case.layout.judge,
            part=case.layout.part,
        )
    nets_of = {name: job.task.nets for name, job in last.items() if job.task.strategy.uses_source}
    commit, dirty = git_commit(root)
    document = {
        "strategies": [dataclasses.asdict(line) for line in strategy_scores],
        "baselines": [dataclasses.asdict(line) for line in baseline_scores],
        "best_baseline": choices(inner),
        "contrast": dataclasses.asdict(contrast) if contrast else None,
        "coverage": coverage_document(coverage),
        "protocol": dataclasses.asdict(settings.protocol),
        "protocol_words": case.layout.words,
        "part": case.layout.part,
        **_tested(case, predictions, reference),
        "crossover": None if curve is None else crossovers(curve, reference),
        "last_gain": None if curve is None else last_gains(curve),
        "dataset": settings.dataset.name,
        "quantity": case.target.data.quantity,
        "unit": case.target.data.unit,
        "sources": [_described(source) for source in case.sources],
        "target": _described(case.target),
        "n_source": sum(len(source) for source in case.sources),
        "n_target": len(case.labelled),
        "n_unseen": len(case.target) - len(case.labelled),
        "notes": [*notes(case.sources, case.target), *case.layout.notes],
        "labelled": case.target.data.frame["formula"].iloc[case.labelled].tolist(),
        "seed": settings.seed,
        "key": comparison_key(settings, case),
        "feature_schema": case.schema.digest,
        "source_nets": {
            "key": sources.key,
            "nets": sources.stack.members,
            "used": case.source_nets_used,
            "steps": sum(stage.about["steps"] for stage in sources.stages),
            "seconds": sum(stage.about["seconds"] for stage in sources.stages),
            "stacks": stacks_document([sources, *nets_of.values()], root / settings.source_dir),
            "of": {name: nets.key for name, nets in nets_of.items()},
        },
        "data": data_document(case, settings),
        "plans": {
            name: [dataclasses.asdict(layer) for layer in plan] for name, plan in plans.items()
        },
        "proofs": {name: each.proofs for name, each in compared.items()},
        "leakage": [dataclasses.asdict(split) for split in leakage],
        "commit": commit,
        "dirty": dirty,
        "data_hashes": case.data_hashes,
        "packages": package_versions(),
        "config": dataclasses.asdict(settings),
        "seconds": round(time.perf_counter() - began, 2),
    }
    document["models"] = {
        line.name: drafts[line.name].finish(document, line) for line in strategy_scores
    }
    return Comparison(
        document=document,
        predictions=predictions,
        intervals=all_intervals(
            [each.unseen.table for each in compared.values() if each.unseen], quantity
        ),
        coverage=coverage,
        strategies=strategy_scores,
        baselines=baseline_scores,
        plans=plans,
        losses={name: each.losses for name, each in compared.items()},
        models={name: draft.folder for name, draft in drafts.items()},
        sources=sources,
        nets=nets_of,
        part=case.layout.part,
        curve=curve,
        contrast=contrast,
    )


def _tested(case: Case, predictions: pd.DataFrame, reference: str) -> dict[str, Any]:
    """Return which test was used, and over how many of what."""
    own = predictions[predictions["strategy"] == reference]
    table = ensemble(own, case.target.data.quantity)
    judge = case.layout.judge
    count = len(judge.replicates(table[table["part"] == case.layout.part]))
    return {
        "test": judge.name,
        "replicates": count,
        "test_words": judge.words.format(count=count),
    }


def _described(domain: Domain) -> dict[str, Any]:
    data = domain.data
    return {"name": data.name, "rows": len(domain), "rests_on": list(data.rests_on)}


def _kept(file: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return a table from `file` where it is finished, else made now and put there."""
    if not file.is_file():
        with write_aside(file) as aside:
            make().to_parquet(aside, index=False)
    return read_table(file)
