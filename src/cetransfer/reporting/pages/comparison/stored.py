"""A comparison as its folder tells it, for those who only read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from cetransfer.errors import UserError
from cetransfer.evaluation.contrast import Contrast
from cetransfer.evaluation.coverage import Coverage, Held
from cetransfer.evaluation.predictions import ensemble
from cetransfer.evaluation.result import CURVE, INTERVALS, PREDICTIONS
from cetransfer.evaluation.scores import Score
from cetransfer.evaluation.variance import Shares
from cetransfer.files import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Stored:
    """What `cetransfer.evaluation.comparison.Comparison` says too, as far as reports need it."""

    document: dict[str, Any]
    predictions: pd.DataFrame
    intervals: pd.DataFrame
    coverage: dict[str, Coverage]
    strategies: list[Score]
    baselines: list[Score]
    part: str
    curve: pd.DataFrame | None
    contrast: Contrast | None

    @property
    def reference(self) -> Score:
        """The strategy that gains are measured against."""
        return next(line for line in self.strategies if line.verdict is None)

    @property
    def best(self) -> Score:
        """The strategy with the lowest error."""
        return min(self.strategies, key=lambda line: line.mae)

    @property
    def quantity(self) -> str:
        """Column of the labels."""
        return str(self.document["quantity"])

    @property
    def unit(self) -> str:
        """Unit of the labels."""
        return str(self.document["unit"])

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The mean prediction of the members for every scored row of the part that is compared."""
        return ensemble(self.predictions[self.predictions["part"] == self.part], self.quantity)


def read_stored(folder: Path, document: dict[str, Any]) -> Stored:
    """Read the tables beside a comparison's document.

    Raises
    ------
    UserError
        If there are no predictions, or the document is of a version that reports do not know.
    """
    if not (folder / PREDICTIONS).is_file():
        raise UserError(
            f"{folder} has no predictions ({PREDICTIONS} is missing), so there is nothing to "
            f"draw; run `cetransfer reproduce {document.get('key', folder.name)}` for the commands "
            "that make them again"
        )
    curve = folder / CURVE
    intervals = folder / INTERVALS
    try:
        return Stored(
            document=document,
            predictions=read_table(folder / PREDICTIONS),
            intervals=read_table(intervals) if intervals.is_file() else pd.DataFrame(),
            coverage=_coverage(document.get("coverage")),
            strategies=[_score(line) for line in document["strategies"]],
            baselines=[_score(line) for line in document["baselines"]],
            part=str(document["part"]),
            curve=pd.read_csv(curve) if curve.is_file() else None,
            contrast=_contrast(document.get("contrast")),
        )
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{folder} was written by another version of cetransfer ({error} is not as reports "
            "know it); run the comparison again"
        ) from error


def _score(line: Mapping[str, Any]) -> Score:
    values = {field.name: line[field.name] for field in fields(Score)}
    shares = values["variance"]
    return Score(**{**values, "variance": None if shares is None else Shares(**shares)})


def _contrast(found: Mapping[str, Any] | None) -> Contrast | None:
    if found is None:
        return None
    return Contrast(**{field.name: found[field.name] for field in fields(Contrast)})


def _coverage(found: Mapping[str, Any] | None) -> dict[str, Coverage]:
    if found is None:
        return {}
    return {name: _covered(of) for name, of in found["strategies"].items()}


def _covered(found: Mapping[str, Any]) -> Coverage:
    values = {field.name: found[field.name] for field in fields(Coverage)}
    held = {name: Held(**each) for name, each in values.items() if isinstance(each, dict)}
    return Coverage(**{**values, **held})
