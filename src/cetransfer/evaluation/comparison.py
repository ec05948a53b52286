"""The comparison: every strategy on the same rows, seeds and steps, resumable stack by stack."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import cetransfer
from cetransfer.errors import UserError
from cetransfer.evaluation.baselines import BASELINES
from cetransfer.evaluation.case import notes
from cetransfer.evaluation.coverage import (
    Coverage,
    all_intervals,
    coverage_document,
    unseen_intervals,
)
from cetransfer.evaluation.leakage import leakage_audit
from cetransfer.evaluation.predictions import (
    baseline_predictions,
    member_predictions,
)
from cetransfer.evaluation.scores import Score, score
from cetransfer.files import read_table, write_aside
from cetransfer.models import bundle
from cetransfer.progress import say
from cetransfer.provenance import array_digest, digest, git_commit, package_versions
from cetransfer.training.kernel_head import KernelHeads
from cetransfer.training.source import SourceNets, per_epoch, source_nets
from cetransfer.training.target import Start, TargetNets, fit_target
from cetransfer.transfer.reference import Reference
from cetransfer.transfer.strategies.target_only import TargetOnly
from cetransfer.transfer.strategy import Strategy, make_plans, make_strategies

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.case import Case
    from cetransfer.features.domain import Domain
    from cetransfer.networks.stack import MlpStack
    from cetransfer.settings import Settings
    from cetransfer.transfer.strategy import LayerPlan


@dataclass(frozen=True)
class Comparison:
    """Everything a comparison found; `document` is `comparison.json`.

    `intervals` and `coverage` speak of the rows never trained on, where there are any.
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

    @property
    def reference(self) -> Score:
        """The strategy that gains are measured against."""
        return next(line for line in self.strategies if line.verdict is None)


def comparison_key(settings: Settings, case: Case) -> str:
    """Return a digest of everything that decides the numbers of a comparison."""
    configured = dataclasses.asdict(settings)
    for key in ("output_dir", "quiet", "tracking", "features_dir", "source_dir"):
        del configured[key]
    arrays = [
        array_digest(domain.features, domain.labels) for domain in (*case.sources, case.target)
    ]
    return digest([configured, arrays, case.schema.digest, cetransfer.__version__])[:16]


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
        if strategy.name in BASELINES:
            raise UserError(f"strategy.{strategy.name}: a baseline has that name; choose another")
    plans = make_plans(settings.strategy, len(settings.network.hidden) + 1)

    @cache
    def sources_of(pretrain: str) -> SourceNets:
        folder = root / settings.source_dir
        return source_nets(settings, case.sources, case.schema.digest, folder, pretrain)

    leakage = leakage_audit(case.sources, case.target, case.splits)
    sources = sources_of(settings.dataset.pretrain)
    tables = []
    intervals = []
    coverage: dict[str, Coverage] = {}
    losses: dict[str, list[float]] = {}
    proofs: dict[str, dict[str, Any]] = {}
    models: dict[str, Path] = {}
    for strategy in strategies:
        folder = models[strategy.name] = partial / "strategies" / strategy.name
        nets = sources_of(strategy.pretrain or settings.dataset.pretrain)
        made, losses[strategy.name] = _made(
            strategy, plans[strategy.name], settings, case, nets, folder
        )
        predicted = made.predict(case.target, nets)
        proofs[strategy.name] = {
            **made.proofs,
            **_parameters(made.stack, plans[strategy.name]),
        }
        tables.append(member_predictions(strategy.name, case, predicted, case.members))
        if found := unseen_intervals(strategy.name, case, predicted):
            intervals.append(found[0])
            coverage[strategy.name] = found[1]
    tables.append(_baselines(settings, case, partial / "baselines.parquet"))
    predictions = pd.concat(tables, ignore_index=True)
    strategy_scores, baseline_scores = score(
        predictions,
        [strategy.name for strategy in strategies],
        list(BASELINES),
        reference=next(item.name for item in strategies if isinstance(item, TargetOnly)),
        test_to_train=1.0 / (settings.protocol.folds - 1),
        alpha=settings.protocol.alpha,
        margin=settings.protocol.margin,
        seed=settings.seed,
    )
    commit, dirty = git_commit(root)
    document = {
        "strategies": [dataclasses.asdict(line) for line in strategy_scores],
        "baselines": [dataclasses.asdict(line) for line in baseline_scores],
        "coverage": coverage_document(coverage),
        "protocol": dataclasses.asdict(settings.protocol),
        "dataset": settings.dataset.name,
        "sources": [_described(source) for source in case.sources],
        "target": _described(case.target),
        "n_source": sum(len(source) for source in case.sources),
        "n_target": len(case.labelled),
        "n_unseen": len(case.target) - len(case.labelled),
        "notes": notes(case.sources, case.target),
        "labelled": case.target.data.frame["formula"].iloc[case.labelled].tolist(),
        "seed": settings.seed,
        "key": comparison_key(settings, case),
        "feature_schema": case.schema.digest,
        "source_nets": {
            "key": sources.key,
            "steps": sum(stage.about["steps"] for stage in sources.stages),
            "seconds": sum(stage.about["seconds"] for stage in sources.stages),
        },
        "plans": {
            name: [dataclasses.asdict(layer) for layer in plan] for name, plan in plans.items()
        },
        "proofs": proofs,
        "leakage": [dataclasses.asdict(split) for split in leakage],
        "commit": commit,
        "dirty": dirty,
        "data_hashes": case.data_hashes,
        "packages": package_versions(),
        "config": dataclasses.asdict(settings),
        "seconds": round(time.perf_counter() - began, 2),
    }
    return Comparison(
        document=document,
        predictions=predictions,
        intervals=all_intervals(intervals),
        coverage=coverage,
        strategies=strategy_scores,
        baselines=baseline_scores,
        plans=plans,
        losses=losses,
        models=models,
        sources=sources,
    )


def _described(domain: Domain) -> dict[str, Any]:
    data = domain.data
    return {"name": data.name, "rows": len(domain), "rests_on": list(data.rests_on)}


def _parameters(stack: MlpStack, plan: list[LayerPlan]) -> dict[str, int]:
    """Return how many parameters a network has and how many of them are trained."""
    sizes = [
        sum(values.numel() for values in layer.parameters()) // stack.members
        for layer in stack.linear_layers()
    ]
    trained = sum(size for size, layer in zip(sizes, plan, strict=True) if layer.trained)
    return {"parameters": sum(sizes), "trained_parameters": trained}


def _made(
    strategy: Strategy,
    plan: list[LayerPlan],
    settings: Settings,
    case: Case,
    sources: SourceNets,
    folder: Path,
) -> tuple[TargetNets, list[float]]:
    """Return what a strategy makes and its loss per epoch, trained now or taken from `folder`."""
    starts = [
        Start(
            rows=member.split.train,
            repeat=member.split.repeat,
            fold=member.split.fold,
            target_seed=member.target_seed,
            source=member.source,
        )
        for member in case.members
    ]
    if folder.is_dir():
        say(f"{strategy.name}: taken from the interrupted run")
        return _stored(strategy, starts, folder)
    made = fit_target(strategy, plan, starts, sources, case.target, settings)
    history = per_epoch(made.losses, settings.training.epochs) if len(made.losses) else []
    about = {
        "kind": "target",
        "strategy": dataclasses.asdict(strategy),
        "plan": [dataclasses.asdict(layer) for layer in plan],
        "source_nets": sources.key if strategy.uses_source else None,
        "proofs": made.proofs,
        "reference": made.reference.document() if made.reference else None,
        "site_order": settings.dataset.site_order,
        "features": case.schema.digest,
        "data_hashes": case.data_hashes,
        "seed": settings.seed,
        "stack": [
            {
                "repeat": member.split.repeat,
                "fold": member.split.fold,
                "member": member.number,
                "target_seed": member.target_seed,
                "source": member.source,
            }
            for member in case.members
        ],
        "losses": history,
    }
    bundle.save(folder, made.stack, about, made.kernels.arrays() if made.kernels else None)
    return made, history


def _stored(
    strategy: Strategy, starts: list[Start], folder: Path
) -> tuple[TargetNets, list[float]]:
    """Return what an interrupted run made of a strategy, and its loss per epoch."""
    stored = bundle.load(folder)
    described = stored.about["reference"]
    made = TargetNets(
        strategy,
        stored.stack,
        starts,
        np.empty(0, np.float32),
        stored.about["proofs"],
        Reference.from_document(described) if described else None,
        KernelHeads.from_arrays(stored.arrays, len(starts)) if stored.arrays else None,
    )
    return made, stored.about["losses"]


def _baselines(settings: Settings, case: Case, file: Path) -> pd.DataFrame:
    """Return the baselines' predictions, from `file` where they are finished."""
    if not file.is_file():
        with write_aside(file) as aside:
            baseline_predictions(case, settings).to_parquet(aside, index=False)
    return read_table(file)
