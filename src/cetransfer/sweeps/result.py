"""What a sweep found: the document, the table of trials, and how both are written."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import TrialState

from cetransfer.evaluation.documents import open_staging
from cetransfer.evaluation.statistics import interval_of_mean
from cetransfer.evaluation.used import used_document
from cetransfer.features.domain import hashes_of
from cetransfer.features.schema import feature_schema
from cetransfer.files import write_json
from cetransfer.provenance import dvc_hashes, git_commit, package_versions
from cetransfer.seeding import Purpose, generator
from cetransfer.sweeps.samplers import is_lost
from cetransfer.sweeps.search import ERRORS, REASON, RETRY_OF, mean
from cetransfer.sweeps.space import space_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from cetransfer.sweeps.run import Finished
    from cetransfer.sweeps.space import Dimension
    from cetransfer.sweeps.winners import Winner
    from cetransfer.sweeps.workshop import Workshop

DOCUMENT = "sweep.json"
TRIALS = "trials.parquet"
TRIALS_CSV = "trials.csv"

LOST = "lost"
FEWEST = 4
"""Trials that came to their end, below which importances mean nothing."""


@dataclass(frozen=True)
class Sweep:
    """A finished sweep; `document` is `sweep.json`, `trials` has a row for each trial."""

    document: dict[str, Any]
    trials: pd.DataFrame


def make_result(
    workshop: Workshop,
    space: Sequence[Dimension],
    key: str,
    finished: Sequence[Finished],
    seconds: float,
) -> Sweep:
    """Return what a sweep found.

    Parameters
    ----------
    workshop, space, key
        Of the sweep.
    finished
        The study of every outer fold.
    seconds
        That this run of the command took.
    """
    settings = workshop.settings
    target = workshop.whole_target.data
    tables = [trials_of(each.outer, each.study) for each in finished]
    trials = pd.concat(tables, ignore_index=True)
    commit, dirty = git_commit(workshop.root)
    first = [each.winners[0] for each in finished]
    rows = [error for winner in first for error in winner.per_row]
    document = {
        "sweep": settings.sweep.name,
        "key": key,
        "score": _interval(rows, settings.seed),
        "optimism": mean([winner.optimism for winner in first]),
        "optimism_words": "error on fresh inner folds less the best inner error, mean over studies",
        "notes": [*([] if rows else [NO_SCORE]), *_untrained(trials)],
        "protocol_words": workshop.folds.words,
        "outer": [_outer(each, workshop) for each in finished],
        "space": space_document(space),
        "pinned": workshop.composer.pinned,
        "words": workshop.composer.words,
        "dataset": settings.dataset.name,
        "quantity": target.quantity,
        "unit": target.unit,
        "seed": settings.seed,
        "commit": commit,
        "dirty": dirty,
        "data_hashes": data_hashes(workshop),
        "feature_schema": feature_schema(settings.features).digest,
        "data": _used(workshop),
        "packages": {**package_versions(), "optuna": optuna.__version__},
        "config": dataclasses.asdict(settings),
        "seconds": round(seconds, 2),
    }
    return Sweep(document, trials)


def _untrained(trials: pd.DataFrame) -> list[str]:
    """Say why trials could not be trained, a line for each outer fold with the commonest reason."""
    found = []
    for outer, own in trials[trials["state"] == "failed"].groupby("outer"):
        reason = own["reason"].mode()[0]
        found.append(
            f"outer fold {outer}: {len(own)} trials could not be trained ({reason}); all reasons "
            "stand in trials.csv"
        )
    return found


def _used(workshop: Workshop) -> list[dict[str, Any]]:
    """Return files, rows and features of every data set; labelled rows are trained on and scored.

    The features are those of the study's own configuration, also where trials change them.
    """
    labelled = [workshop.folds.labelled]
    return [
        *(
            used_document(source, workshop.settings, [np.arange(len(source))])
            for source in workshop.sources
        ),
        used_document(workshop.whole_target, workshop.settings, labelled, labelled),
    ]


def data_hashes(workshop: Workshop) -> dict[str, str]:
    """Return the hash of each file that rows were read from, and DVC's of the data folder."""
    domains = (*workshop.sources, workshop.whole_target)
    return {**hashes_of(*domains), **dvc_hashes(workshop.root)}


NO_SCORE = (
    "no fold was kept from the trials (sweep.outer_folds=null), so there is no unbiased score of "
    "what was found; fresh_inner_error says less than sweep.outer_folds=3 would"
)


def stage_sweep(sweep: Sweep, folder: Path) -> Path:
    """Write the files of a sweep into an empty staging folder and return it."""
    # as JSON has it: tuples of the configuration are lists
    document = json.loads(json.dumps(sweep.document))
    open_staging(folder, document, "sweep")
    sweep.trials.to_parquet(folder / TRIALS, index=False)
    sweep.trials.to_csv(folder / TRIALS_CSV, index=False)
    write_json(folder / DOCUMENT, document)
    return folder


def counts(study: Study) -> dict[str, int]:
    """Return how many trials of a study are in which state; the lost ones are told apart."""
    found = dict.fromkeys(("complete", "pruned", "failed", "running", "waiting", LOST), 0)
    for trial in study.get_trials(deepcopy=False):
        found[state_of(trial)] += 1
    return found


def state_of(trial: FrozenTrial) -> str:
    """Return the state of a trial in a word; a lost trial has another one in its place."""
    if is_lost(trial):
        return LOST
    return "failed" if trial.state == TrialState.FAIL else str(trial.state.name).lower()


def _outer(finished: Finished, workshop: Workshop) -> dict[str, Any]:
    split = workshop.folds.outer[finished.outer]
    return {
        "fold": split.fold,
        "n_train": len(split.train),
        "n_test": len(split.test),
        "trials": counts(finished.study),
        "winners": [_winner(each, workshop) for each in finished.winners],
        "importances": importances(finished.study),
    }


def _winner(winner: Winner, workshop: Workshop) -> dict[str, Any]:
    return {
        "trial": winner.trial,
        "parameters": winner.parameters,
        "overrides": workshop.composer.overrides(winner.parameters),
        "compare": workshop.composer.compare_words(winner.parameters),
        "outer": _interval(winner.per_row, workshop.settings.seed),
        "fresh_inner_error": winner.fresh_inner_error,
        "best_inner_error": winner.best_inner_error,
        "optimism": winner.optimism,
        "labels": winner.labels,
        "size": winner.size,
    }


def _interval(per_row: list[float], seed: int) -> dict[str, Any] | None:
    """Return mean and 95 % interval of errors, for other compounds of the same kind."""
    if not per_row:
        return None
    low, high = interval_of_mean(np.array(per_row), generator(seed, Purpose.BOOTSTRAP))
    return {"error": mean(per_row), "low": low, "high": high, "rows": len(per_row)}


def first_value(trial: FrozenTrial) -> float:
    """Return the inner error of a trial, which is its first objective."""
    (first, *_) = trial.values  # noqa: PD011 - Optuna's, not pandas'
    return float(first)


def importances(study: Study) -> dict[str, float]:
    """Return the share of each key in what made the inner error vary (fANOVA).

    Only keys that every trial has are told; none where there are too few trials. Hutter et al.,
    ICML 2014, http://proceedings.mlr.press/v32/hutter14.html.
    """
    complete = [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state == TrialState.COMPLETE and len(trial.params) > 0
    ]
    if len(complete) < FEWEST or len({first_value(trial) for trial in complete}) == 1:
        return {}
    shared = set.intersection(*(set(trial.params) for trial in complete))
    varied = [key for key in sorted(shared) if len({trial.params[key] for trial in complete}) > 1]
    if not varied:
        return {}
    found = optuna.importance.get_param_importances(
        study,
        evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0),
        params=varied,
        target=first_value,
    )
    return {key: float(share) for key, share in found.items()}


def trials_of(outer: int, study: Study) -> pd.DataFrame:
    """Return a row for each trial of the study of an outer fold, the lost ones included."""
    rows = []
    for trial in study.get_trials(deepcopy=False):
        errors = trial.user_attrs.get(ERRORS, [])
        rows.append(
            {
                "outer": outer,
                "trial": trial.number,
                "state": state_of(trial),
                "folds": len(errors),
                "inner_error": mean(errors) if errors else float("nan"),
                "labels": trial.user_attrs.get("labels"),
                "size": trial.user_attrs.get("size"),
                "retry_of": trial.user_attrs.get(RETRY_OF),
                "reason": trial.user_attrs.get(REASON, ""),
                "seconds": trial.duration.total_seconds() if trial.duration else float("nan"),
                **trial.params,
            }
        )
    counted = ("labels", "size", "retry_of")
    table = pd.DataFrame(rows)
    return table.astype(dict.fromkeys(counted, "Int64"))
