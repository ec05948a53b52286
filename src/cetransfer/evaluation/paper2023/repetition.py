"""Published, repeated and leak-free errors of the two arms, side by side."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import cetransfer
from cetransfer.compute.parts import side_by_side
from cetransfer.evaluation.case import notes
from cetransfer.evaluation.paper2023.recipe import (
    DOI,
    FOLDS,
    LEAK_FREE,
    PUBLISHED,
    REPEATED,
)
from cetransfer.evaluation.paper2023.training import stored_scores, train_in_turn
from cetransfer.evaluation.statistics import corrected_t
from cetransfer.features.domain import hashes_of
from cetransfer.features.schema import feature_schema
from cetransfer.provenance import array_digest, digest, git_commit, package_versions

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.paper2023.recipe import Recipe
    from cetransfer.features.domain import Domain
    from cetransfer.settings import Settings

MEASURES = ["last", "best", "hold_out"]


@dataclass(frozen=True)
class Repetition:
    """What was found: `document` is `paper2023.json`, `folds` is `paper2023.csv`."""

    document: dict[str, Any]
    folds: pd.DataFrame


def repetition_key(settings: Settings, source: Domain, target: Domain, recipe: Recipe) -> str:
    """Return a digest of everything that decides the numbers."""
    arrays = [array_digest(domain.features, domain.labels) for domain in (source, target)]
    trained = [dataclasses.asdict(recipe), settings.network.hidden, settings.seed]
    return digest(["paper2023", trained, arrays, cetransfer.__version__])[:16]


def repeat(
    settings: Settings, source: Domain, target: Domain, root: Path, folder: Path, recipe: Recipe
) -> Repetition:
    """Train both procedures, or take what an earlier run finished.

    Parameters
    ----------
    settings
        The whole configuration.
    source, target
        With the features of the paper (variant ab_ab, table li2023).
    root
        The project's folder.
    folder
        Where the state after each fold is kept.
    recipe
        What is trained.

    Raises
    ------
    UserError
        If the folder cannot be written, or a worker process ends early.
    """
    began = time.perf_counter()
    train(recipe, source, target, settings.network.hidden, folder, settings.seed)
    folds = score_table(recipe, folder)
    commit, dirty = git_commit(root)
    schema = feature_schema(settings.features)
    chosen = dataclasses.asdict(settings)
    document = {
        "protocol": settings.protocol.kind,
        "doi": DOI,
        "published": PUBLISHED,
        **{name: means(folds, name) for name in (REPEATED, LEAK_FREE)},
        "delta": differences(folds),
        "folds": folds.astype(object).where(folds.notna(), None).to_dict("records"),
        "dataset": settings.dataset.name,
        "quantity": target.data.quantity,
        "unit": target.data.unit,
        "n_source": len(source),
        "n_target": len(target),
        "notes": notes([source], target),
        "seed": settings.seed,
        "key": repetition_key(settings, source, target, recipe),
        "feature_schema": schema.digest,
        "commit": commit,
        "dirty": dirty,
        "data_hashes": hashes_of(source, target),
        "packages": package_versions(),
        "config": {key: chosen[key] for key in ("dataset", "features", "network")},
        "recipe": dataclasses.asdict(recipe),
        "seconds": round(time.perf_counter() - began, 2),
    }
    return Repetition(document, folds)


def train(
    recipe: Recipe, source: Domain, target: Domain, hidden: list[int], folder: Path, seed: int
) -> None:
    """Train every arm of both procedures that is not finished in `folder`, on all cores."""
    steps = {
        arm: arm.fold_steps(len(source if arm.name == "source" else target)) for arm in recipe.arms
    }
    side_by_side(
        train_in_turn,
        [(arms, source, target, hidden, folder, seed) for arms in recipe.sequences],
        lambda: sum(steps[arm] * len(stored_scores(arm, folder)) for arm in recipe.arms),
        sum(steps[arm] * arm.folds for arm in recipe.arms),
        "procedure of Li et al. (2023), with its leaks and without",
        "training steps",
    )


def score_table(recipe: Recipe, folder: Path) -> pd.DataFrame:
    """Return one row per procedure, arm and fold; errors in eV/atom."""
    return pd.DataFrame(
        [
            {"procedure": arm.procedure, **dataclasses.asdict(score)}
            for arm in recipe.arms
            for score in stored_scores(arm, folder)
        ]
    ).astype(dict.fromkeys(MEASURES, "float64"))


def means(folds: pd.DataFrame, procedure: str) -> dict[str, dict[str, float | None]]:
    """Return the mean over folds of each arm's errors; None where there is none."""
    own = folds[folds["procedure"] == procedure]
    table = own.groupby("arm", sort=False)[MEASURES].mean()
    return {
        str(arm): {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(MEASURES, row, strict=True)
        }
        for arm, row in zip(table.index, table.to_numpy(), strict=True)
    }


def differences(folds: pd.DataFrame) -> dict[str, Any]:
    """Return transfer minus target only, of each procedure; the leak-free one with its test."""
    scores = folds.pivot_table(index=["procedure", "fold"], columns="arm", values="last")
    gains = scores["transfer"] - scores["target_only"]
    # the hold-out rows are in no fold, so this holds of the other rows
    test = corrected_t(gains[LEAK_FREE].to_numpy(), 1.0 / (FOLDS - 1))
    return {
        "published": round(PUBLISHED["transfer"] - PUBLISHED["target_only"], 3),
        REPEATED: float(gains[REPEATED].mean()),
        LEAK_FREE: test.mean,
        "low": test.low,
        "high": test.high,
        "p": test.p,
    }
