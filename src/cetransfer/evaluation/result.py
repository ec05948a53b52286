"""The files of a comparison: made aside, then moved to where the user finds them."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.evaluation.documents import open_staging
from cetransfer.evaluation.models import MODELS
from cetransfer.evaluation.predictions import ensemble
from cetransfer.files import move_files, write_json, writing_to

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.evaluation.comparison import Comparison

DOCUMENT = "comparison.json"
PREDICTIONS = "predictions.parquet"
METRICS = "metrics.json"
SCORES = "strategies.csv"
PARITY = "parity.csv"
CURVE = "learning_curve.csv"
CURVE_FILES = (CURVE, "learning_curve.png")
INTERVALS = "intervals.parquet"
#: only where there are rows never trained on
COVERAGE = "coverage.png"


def stage(comparison: Comparison, folder: Path) -> Path:
    """Write the result's data files into an empty staging folder and return it."""
    open_staging(folder, comparison.document, "comparison")
    comparison.predictions.to_parquet(folder / PREDICTIONS, index=False)
    scores(comparison).to_csv(folder / SCORES, index=False)
    parity(comparison).to_csv(folder / PARITY, index=False)
    write_json(folder / METRICS, metrics(comparison))
    if comparison.curve is not None:
        comparison.curve.to_csv(folder / CURVE, index=False)
    comparison.intervals.to_parquet(folder / INTERVALS, index=False)
    write_json(folder / DOCUMENT, comparison.document)
    return folder


def metrics(comparison: Comparison) -> dict[str, dict[str, float]]:
    """Return the few numbers of each strategy and baseline that `dvc metrics` shows."""
    named = {"mae": "mae", "mae_unseen": "mae_unseen", "delta": "delta", "p": "p_corrected"}
    return {
        line.name: {
            name: value
            for name, field in named.items()
            if (value := getattr(line, field)) is not None
        }
        for line in (*comparison.strategies, *comparison.baselines)
    }


def scores(comparison: Comparison) -> pd.DataFrame:
    """Return all scores as a table, one row per strategy and baseline."""
    kinds = {"strategy": comparison.strategies, "baseline": comparison.baselines}
    rows = [
        {"kind": kind, **dataclasses.asdict(line)}
        for kind, lines in kinds.items()
        for line in lines
    ]
    return pd.DataFrame(rows)


def parity(comparison: Comparison) -> pd.DataFrame:
    """Return label and prediction of every scored row, of the strategy with the lowest error."""
    best = min(comparison.strategies, key=lambda line: line.mae)
    table = ensemble(comparison.predictions, comparison.document["quantity"])
    return table[(table["part"] == comparison.part) & (table["strategy"] == best.name)]


def publish(staged: Path, output: Path, models: Path | None = None) -> None:
    """Move staged files over those of an earlier result; the document comes last.

    A learning curve of an earlier result goes where the new one has none; so do its models.

    Parameters
    ----------
    staged
        Folder of the files.
    output
        Where they go.
    models
        Folder with a folder for each model, which is moved too.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    drawn = (staged / COVERAGE).exists()
    with writing_to(output):
        for name in CURVE_FILES:
            if not (staged / name).exists():
                (output / name).unlink(missing_ok=True)
        if models is not None and models.is_dir():
            shutil.rmtree(output / MODELS, ignore_errors=True)
            models.replace(output / MODELS)
        move_files(staged, output, last=DOCUMENT)
        if not drawn:
            (output / COVERAGE).unlink(missing_ok=True)
