"""Which test it is that two strategies are compared by: one class for each kind of protocol.

A replicate is always the score of an ensemble on a fold, or on what a draw is tested on. No two
replicates are independent, and what a test has to know is by how much: its standard error is

    SE^2 = (1/J + test_to_train) s^2

for J paired differences of variance s^2. Nadeau and Bengio set the second term to n_test/n_train
for the training rows that folds share (`statistics.corrected_t`). Where scored rows share elements
as well, the mean of folds varies by more than folds differ: by m s^2, say, more than s^2/J. So does
the score of a fold, and the second term becomes m + (1 + m) n_test/n_train.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.evaluation.sign_flip import sign_flip
from cetransfer.evaluation.statistics import PairedTest, corrected_t
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.evaluation.kin import Kin


@dataclass(frozen=True)
class Pair:
    """Two strategies' replicates, paired.

    Parameters
    ----------
    differences
        (J,) one per (repeat, fold) or draw; negative is better.
    test_to_train
        n_test / n_train of a fold, or what stands for it: see above.
    """

    differences: NDArray[np.float64]
    test_to_train: float


class Judge(ABC):
    """Turns errors into replicates, and paired replicates into a test.

    Errors come as ensemble errors of one strategy, a row for each repeat, fold and row of the
    target that is scored in it.
    """

    #: as `comparison.json` names it
    name: ClassVar[str]
    words: ClassVar[str]
    #: n_test / n_train of two replicates that share training rows, 0 where they share none
    test_to_train: float

    def replicates(self, scored: pd.DataFrame) -> NDArray[np.float64]:
        """Return the mean absolute error of every fold, or draw (J,)."""
        error = scored["error"].abs()
        return error.groupby([scored["repeat"], scored["fold"]]).mean().to_numpy(np.float64)

    def pair(self, own: pd.DataFrame, other: pd.DataFrame) -> Pair:
        """Pair the errors of a strategy with those of another one."""
        return Pair(self.replicates(own) - self.replicates(other), self.test_to_train)

    @abstractmethod
    def test(self, pair: Pair) -> PairedTest:
        """Test the mean of paired differences against zero."""


@dataclass(frozen=True)
class CorrectedT(Judge):
    """Folds of rows chosen by chance; `test_to_train` is n_test / n_train of one of them."""

    name = "corrected_t"
    words = "corrected resampled t over {count} fold scores"

    test_to_train: float

    def test(self, pair: Pair) -> PairedTest:
        """Return the corrected resampled t."""
        return corrected_t(pair.differences, pair.test_to_train)


@dataclass(frozen=True)
class _AmongKin(Judge):
    """Replicates whose scored rows have kin in other replicates.

    Parameters
    ----------
    test_to_train
        For the training rows that replicates share.
    kin
        Which rows of the target err together.
    common
        Are all replicates scored on the same rows? Then their spread holds no luck with these, and
        all of it is added; otherwise it is added as far as the spread does not hold it.
    """

    test_to_train: float
    kin: Kin
    common: bool = False

    def pair(self, own: pd.DataFrame, other: pd.DataFrame) -> Pair:
        """Pair the errors, and add what scored rows share to what training rows share."""
        differences = self.replicates(own) - self.replicates(other)
        variance = float(differences.var(ddof=1))
        if variance == 0.0:
            return Pair(differences, self.test_to_train)
        by_row = _by_row(own) - _by_row(other)
        luck = self.kin.variance_of_mean(by_row) / variance
        missing = luck if self.common else max(0.0, luck - 1.0 / len(differences))
        # a score varies by what its spread over folds does not hold, too
        return Pair(differences, self.test_to_train * (1.0 + missing) + missing)


@dataclass(frozen=True)
class PairedT(_AmongKin):
    """Draws of labelled rows."""

    name = "paired_t"
    words = "paired t over {count} draws, widened for the rows and elements they share"

    def test(self, pair: Pair) -> PairedTest:
        """Return the t, its standard error widened."""
        return corrected_t(pair.differences, pair.test_to_train)


@dataclass(frozen=True, kw_only=True)
class SignFlip(_AmongKin):
    """Folds of groups that were held out together; `seed` is for the signs."""

    name = "sign_flip"
    words = "paired sign-flip over {count} folds, widened for the rows and elements they share"

    seed: int

    def test(self, pair: Pair) -> PairedTest:
        """Return the paired sign-flip."""
        random = generator(self.seed, Purpose.SIGN_FLIP)
        return sign_flip(pair.differences, pair.test_to_train, random)


def _by_row(scored: pd.DataFrame) -> pd.Series:
    return scored["error"].abs().groupby(scored["row"]).mean()
