"""The comparison: every strategy on the same rows, seeds and steps, resumable stack by stack."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

import cetransfer
from cetransfer.errors import UserError
from cetransfer.evaluation.baselines import BASELINES
from cetransfer.evaluation.predictions import (
    baseline_predictions,
    member_predictions,
)
from cetransfer.evaluation.scores import Score, score
from cetransfer.files import read_table, write_aside
from cetransfer.models import bundle
from cetransfer.networks.predict import predict
from cetransfer.progress import say
from cetransfer.provenance import array_digest, digest, git_commit, package_versions
from cetransfer.training.source import SourceNets, per_epoch, source_nets
from cetransfer.training.target import Start, fit_strategy
from cetransfer.transfer.strategy import Strategy, TargetOnly, make_plans, make_strategies

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.case import Case
    from cetransfer.networks.stack import MlpStack
    from cetransfer.settings import Settings
    from cetransfer.transfer.strategy import LayerPlan


@dataclass(frozen=True)
class Comparison:
    """Everything a comparison found; `document` is `comparison.json`."""

    document: dict[str, Any]
    predictions: pd.DataFrame
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
    arrays = array_digest(
        case.source.features, case.source.labels, case.target.features, case.target.labels
    )
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
    sources = source_nets(
        settings,
        case.source.features,
        case.source.labels,
        case.schema.digest,
        root / settings.source_dir,
    )
    tables = []
    losses: dict[str, list[float]] = {}
    models: dict[str, Path] = {}
    for strategy in strategies:
        models[strategy.name] = partial / "strategies" / strategy.name
        stack, losses[strategy.name] = _trained(
            strategy, plans[strategy.name], settings, case, sources, models[strategy.name]
        )
        predicted = predict(stack, case.target.features)
        tables.append(member_predictions(strategy.name, case, predicted, case.members))
    tables.append(_baselines(settings, case, partial / "baselines.parquet"))
    predictions = pd.concat(tables, ignore_index=True)
    strategy_scores, baseline_scores = score(
        predictions,
        [strategy.name for strategy in strategies],
        list(BASELINES),
        quantity=case.target.data.quantity,
        reference=next(item.name for item in strategies if isinstance(item, TargetOnly)),
        test_to_train=1.0 / (settings.protocol.folds - 1),
        alpha=settings.protocol.alpha,
        seed=settings.seed,
    )
    commit, dirty = git_commit(root)
    document = {
        "strategies": [dataclasses.asdict(line) for line in strategy_scores],
        "baselines": [dataclasses.asdict(line) for line in baseline_scores],
        "protocol": dataclasses.asdict(settings.protocol),
        "dataset": settings.dataset.name,
        "quantity": case.target.data.quantity,
        "unit": case.target.data.unit,
        "source": case.source.data.name,
        "target": case.target.data.name,
        "n_source": len(case.source.labels),
        "n_target": len(case.labelled),
        "n_unseen": len(case.target.labels) - len(case.labelled),
        "notes": [*case.source.data.notes, *case.target.data.notes],
        "labelled": case.target.data.frame["formula"].iloc[case.labelled].tolist(),
        "seed": settings.seed,
        "key": comparison_key(settings, case),
        "feature_schema": case.schema.digest,
        "source_nets": {
            "key": sources.key,
            "steps": sources.about["steps"],
            "seconds": sources.about["seconds"],
        },
        "plans": {
            name: [dataclasses.asdict(layer) for layer in plan] for name, plan in plans.items()
        },
        "commit": commit,
        "dirty": dirty,
        "data_hashes": case.data_hashes,
        "packages": package_versions(),
        "config": dataclasses.asdict(settings),
        "seconds": round(time.perf_counter() - began, 2),
    }
    return Comparison(
        document, predictions, strategy_scores, baseline_scores, plans, losses, models, sources
    )


def _trained(
    strategy: Strategy,
    plan: list[LayerPlan],
    settings: Settings,
    case: Case,
    sources: SourceNets,
    folder: Path,
) -> tuple[MlpStack, list[float]]:
    """Return the stack of a strategy and its loss per epoch, from `folder` where it is finished."""
    if folder.is_dir():
        say(f"{strategy.name}: taken from the interrupted run")
        stored = bundle.load(folder)
        return stored.stack, stored.about["losses"]
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
    stack, losses = fit_strategy(
        strategy, plan, starts, sources.stack, case.target.features, case.target.labels, settings
    )
    history = per_epoch(losses, settings.training.epochs) if len(losses) else []
    about = {
        "kind": "target",
        "strategy": dataclasses.asdict(strategy),
        "plan": [dataclasses.asdict(layer) for layer in plan],
        "source_nets": sources.key if strategy.uses_source else None,
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
    bundle.save(folder, stack, about)
    return stack, history


def _baselines(settings: Settings, case: Case, file: Path) -> pd.DataFrame:
    """Return the baselines' predictions, from `file` where they are finished."""
    if not file.is_file():
        with write_aside(file) as aside:
            baseline_predictions(case, settings).to_parquet(aside, index=False)
    return read_table(file)
