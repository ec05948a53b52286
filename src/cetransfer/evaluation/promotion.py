"""Is a model better than the present champion? The paired test on the folds that both share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cetransfer.datasets.chosen import load_target
from cetransfer.errors import UserError
from cetransfer.evaluation.predictions import ensemble
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.result import DOCUMENT, PREDICTIONS
from cetransfer.evaluation.splits import UNSEEN
from cetransfer.files import read_json, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cetransfer.evaluation.judges import Judge
    from cetransfer.settings import Settings

SPLIT = ["part", "repeat", "fold"]

FEWEST_FOLDS = 2
"""A spread needs two differences."""


@dataclass(frozen=True)
class Paired:
    """A model against another one, in the labels' unit; a negative delta is better.

    Parameters
    ----------
    delta, low, high
        Difference of the mean absolute errors, and its 95 % interval.
    p
        Two-sided, of this one question.
    alpha
        A p below it counts.
    folds
        How many scores were paired.
    words
        The test.
    """

    delta: float
    low: float
    high: float
    p: float
    alpha: float
    folds: int
    words: str

    @property
    def better(self) -> bool:
        """Whether the error is lower, and by more than chance."""
        return self.delta < 0 and self.p < self.alpha

    def told(self) -> dict[str, str]:
        """Return the numbers as texts."""
        numbers = {"delta": self.delta, "low": self.low, "high": self.high, "p": self.p}
        return {
            **{name: f"{value:.6g}" for name, value in numbers.items()},
            "alpha": f"{self.alpha:g}",
            "folds": str(self.folds),
            "test": self.words,
        }


def scored_by(folders: Iterable[Path], about: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return a model's predictions on the rows it was scored on, from what its comparison left.

    Parameters
    ----------
    folders
        Where the comparison's files may be; the first that speaks of this very model is taken.
    about
        The model's description.

    Returns
    -------
    pandas.DataFrame or None
        The fold ensembles' errors, with the model's quantity as the column of the labels; None
        where no folder has them.
    """
    name = about["strategy"]["name"]
    for folder in folders:
        if not ((folder / DOCUMENT).is_file() and (folder / PREDICTIONS).is_file()):
            continue
        document = read_json(folder / DOCUMENT)
        if document.get("models", {}).get(name) == about["id"]:
            table = read_table(folder / PREDICTIONS)
            own = table[(table["strategy"] == name) & (table["part"] == document["part"])]
            return ensemble(own[own["part"] != UNSEEN], about["quantity"]).drop(columns="strategy")
    return None


def judge_of(settings: Settings, about: Mapping[str, Any], part: str, root: Path) -> Judge:
    """Return what tests the scores of a model: the test of its comparison.

    Parameters
    ----------
    settings
        Of the comparison.
    about
        The model's description.
    part
        The part of the predictions that it is scored on.
    root
        The project's folder.

    Raises
    ------
    UserError
        If the rows cannot be read, or are others than at that time.
    """
    data = load_target(settings.dataset, root)
    (then,) = (each["files"] for each in about["data"] if each["role"] == "target")
    if data.hashes != then:
        raise UserError(
            f"the files of {data.name} are not those that model {about['id']} was compared on"
        )
    return make_protocol(settings).layout(data, settings).judge_of(part)


def paired(
    own: pd.DataFrame, other: pd.DataFrame, quantity: str, judge: Judge, alpha: float
) -> Paired:
    """Test a model against another one on the folds that both were scored on.

    Parameters
    ----------
    own, other
        As `scored_by` returns them.
    quantity
        Column of the labels.
    judge
        Of the first model's comparison.
    alpha
        A p below it counts.

    Raises
    ------
    UserError
        If they share no folds of equal rows and labels.
    """
    shared = shared_folds(own, other, quantity)
    if len(shared) < FEWEST_FOLDS:
        raise UserError(
            f"they share {len(shared)} scored folds of equal rows and labels, and a test needs "
            f"{FEWEST_FOLDS}; compare both with the same dataset, protocol and seed"
        )
    first, second = (_only(table, shared) for table in (own, other))
    test = judge.test(pair := judge.pair(first, second))
    delta = _mae(first) - _mae(second)
    low, high = test.interval_around(delta)
    count = len(pair.differences)
    return Paired(delta, low, high, test.p, alpha, count, judge.words.format(count=count))


def shared_folds(own: pd.DataFrame, other: pd.DataFrame, quantity: str) -> list[tuple[Any, ...]]:
    """Return part, repeat and fold of those folds whose rows and labels are the same in both."""
    if quantity not in other:
        return []
    contents = [
        {key: _content(fold, quantity) for key, fold in table.groupby(SPLIT)}
        for table in (own, other)
    ]
    return [key for key, content in contents[0].items() if contents[1].get(key) == content]


def _content(fold: pd.DataFrame, quantity: str) -> list[tuple[Any, ...]]:
    columns = ["row", "compound", quantity]
    return sorted(fold[columns].itertuples(index=False, name=None))


def _only(table: pd.DataFrame, folds: list[tuple[Any, ...]]) -> pd.DataFrame:
    keys = pd.MultiIndex.from_frame(table[SPLIT])
    return table[keys.isin(folds)]


def _mae(scored: pd.DataFrame) -> float:
    return float(scored["error"].abs().groupby(scored["row"]).mean().mean())
