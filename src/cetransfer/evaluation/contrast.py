"""The one question named before the run: how a strategy compares with the best baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.evaluation.baselines import BEST
from cetransfer.evaluation.predictions import ensemble

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.evaluation.judges import Judge


@dataclass(frozen=True)
class Contrast:
    """A strategy against the best baseline, in the labels' unit; a negative delta is better.

    Parameters
    ----------
    strategy, against
        Names of the two lines.
    delta
        Difference of their mean absolute errors.
    delta_low, delta_high
        Its 95 % interval, of the same test as p.
    p
        Of the protocol's test, not corrected for other questions: this one was named in advance.
    """

    strategy: str
    against: str
    delta: float
    delta_low: float
    delta_high: float
    p: float


def contrast_of(
    predictions: pd.DataFrame, strategy: str, *, quantity: str, judge: Judge, part: str
) -> Contrast:
    """Return the contrast of a strategy with the best baseline.

    Parameters
    ----------
    predictions
        The table of `cetransfer.evaluation.predictions`.
    strategy
        Named in advance.
    quantity
        Column of the labels.
    judge
        What a replicate is, and the test of paired ones.
    part
        The part of the predictions that is scored.
    """
    asked = predictions["strategy"].isin([strategy, BEST]) & (predictions["part"] == part)
    combined = ensemble(predictions[asked], quantity)
    tables = [combined[combined["strategy"] == name] for name in (strategy, BEST)]
    own, other = (float(each["error"].abs().groupby(each["row"]).mean().mean()) for each in tables)
    test = judge.test(judge.pair(*tables))
    delta = own - other
    return Contrast(strategy, BEST, delta, *test.interval_around(delta), test.p)
