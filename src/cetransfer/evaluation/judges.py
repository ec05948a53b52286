"""What a test takes for a replicate, and which test it is: one class for each kind of protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from cetransfer.datasets.dataset import row_numbers
from cetransfer.evaluation.sign_flip import sign_flip
from cetransfer.evaluation.statistics import PairedTest, corrected_t, paired_t
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.splits import Split

#: what a scored row of the predictions is known by
ROW = ["repeat", "fold", "row"]


class Judge(ABC):
    """Turns errors into replicates, and paired replicates into a test."""

    #: as `comparison.json` names it
    name: ClassVar[str]
    words: ClassVar[str]
    #: n_test / n_train of two replicates that share training rows, 0 where they share none; None
    #: where a replicate is no score of a fold
    test_to_train: float | None

    @abstractmethod
    def replicates(self, scored: pd.DataFrame) -> NDArray[np.float64]:
        """Return one number per replicate (J,) from the ensemble errors of one strategy."""

    @abstractmethod
    def test(self, differences: NDArray[np.float64]) -> PairedTest:
        """Test the paired differences of two strategies' replicates (J,)."""


class _OverFolds(Judge):
    """The replicate is the score of a (repeat, fold)."""

    def replicates(self, scored: pd.DataFrame) -> NDArray[np.float64]:
        """Return the mean absolute error of every fold, or draw."""
        error = scored["error"].abs()
        return error.groupby([scored["repeat"], scored["fold"]]).mean().to_numpy(np.float64)


@dataclass(frozen=True)
class CorrectedT(_OverFolds):
    """Folds whose training rows overlap; `test_to_train` is n_test / n_train of one of them."""

    name = "corrected_t"
    words = "corrected resampled t over {count} fold scores"

    test_to_train: float

    def test(self, differences: NDArray[np.float64]) -> PairedTest:
        """Return the corrected resampled t."""
        return corrected_t(differences, self.test_to_train)


@dataclass(frozen=True)
class PairedT(_OverFolds):
    """Draws that share no rows."""

    name = "paired_t"
    words = "paired t over {count} draws"
    test_to_train = 0.0

    def test(self, differences: NDArray[np.float64]) -> PairedTest:
        """Return the paired t."""
        return paired_t(differences)


@dataclass(frozen=True)
class SignFlip(Judge):
    """Groups of rows that were held out together.

    A replicate is what a group adds to the mean absolute error. That the networks of a fold are
    the same for all its groups is not in the test.

    Parameters
    ----------
    table
        A row for each scored row and each of its groups: the columns of `ROW`, ``group`` and
        ``share``, of the row in the mean over all scores.
    seed
        For the signs, where there are too many to try all.
    """

    name = "sign_flip"
    words = "paired sign-flip over {count} groups"
    test_to_train = None

    table: pd.DataFrame
    seed: int

    @classmethod
    def over(cls, splits: Sequence[Split], frame: pd.DataFrame, seed: int) -> SignFlip:
        """Return the judge of splits that hold out groups of rows of a table."""
        numbers = row_numbers(frame)
        rows = [
            (split.repeat, split.fold, numbers[row], group, len(own))
            for split in splits
            for row, own in zip(split.test.tolist(), split.groups, strict=True)
            for group in own
        ]
        table = pd.DataFrame(rows, columns=["repeat", "fold", "row", "group", "count"])
        # a compound counts once, however many folds score it and whatever groups it is in
        scores = table.drop_duplicates(["repeat", "fold", "row"]).groupby("row").size()
        share = 1.0 / (table["count"] * table["row"].map(scores) * len(scores))
        return cls(
            table[[*ROW, "group"]].assign(fold=table["fold"].astype("Int64"), share=share), seed
        )

    def replicates(self, scored: pd.DataFrame) -> NDArray[np.float64]:
        """Return what each group adds to the mean absolute error."""
        both = self.table.merge(scored, on=ROW, validate="many_to_one")
        added = both["share"] * both["error"].abs()
        return added.groupby(both["group"]).sum().to_numpy(np.float64)

    def test(self, differences: NDArray[np.float64]) -> PairedTest:
        """Return the paired sign-flip."""
        weights = self.table["share"].groupby(self.table["group"]).sum().to_numpy(np.float64)
        return sign_flip(differences, weights, generator(self.seed, Purpose.SIGN_FLIP))
