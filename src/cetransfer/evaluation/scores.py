"""From the table of predictions to one line per strategy and baseline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.evaluation.baselines import BEST
from cetransfer.evaluation.certainty import certainties
from cetransfer.evaluation.element_interval import interval_over_elements
from cetransfer.evaluation.predictions import ensemble
from cetransfer.evaluation.splits import UNSEEN
from cetransfer.evaluation.statistics import PairedTest, holm, interval_of_mean, verdict
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.evaluation.judges import Judge, Pair
    from cetransfer.evaluation.variance import Shares


@dataclass(frozen=True)
class Score:
    """Errors in the labels' unit; `delta` fields are against target_only, negative is better.

    `p_new_sources` to `variance` are told of strategies alone: the first three test and weigh
    `delta`, `variance` shares out what makes it differ from net to net.
    """

    name: str
    mae: float
    mae_low: float
    mae_high: float
    mae_low_elements: float
    mae_high_elements: float
    mae_single: float
    mae_unseen: float | None
    rmse: float
    r2: float
    delta: float
    delta_low: float
    delta_high: float
    p_corrected: float | None
    p_new_sources: float | None
    p_better: float | None
    p_equivalent: float | None
    p_worse: float | None
    variance: Shares | None
    delta_best_baseline: float
    p_best_baseline: float | None
    verdict: str | None


@dataclass(frozen=True)
class _Raw:
    """What a line is made of, before any comparison."""

    scored: pd.DataFrame
    per_compound: NDArray[np.float64]
    elements: list[tuple[str, ...]]
    single: float
    unseen: float | None
    rmse: float
    r2: float

    @property
    def mae(self) -> float:
        return float(self.per_compound.mean())


def score(
    predictions: pd.DataFrame,
    strategies: Sequence[str],
    baselines: Sequence[str],
    *,
    quantity: str,
    reference: str,
    judge: Judge,
    part: str,
    alpha: float,
    margin: float,
    seed: int,
) -> tuple[list[Score], list[Score]]:
    """Score every strategy and baseline.

    Parameters
    ----------
    predictions
        The table of `cetransfer.evaluation.predictions`.
    strategies, baselines
        Names, in the order of the result; `BEST` is among the baselines.
    quantity
        Column of the labels.
    reference
        The strategy that gains are measured against (target_only).
    judge
        What pairs the errors of two strategies, and the test of them.
    part
        The part of the predictions that is scored.
    alpha
        A corrected p below this counts.
    margin
        What still counts as equal, in the unit of the labels.
    seed
        For the resampling of compounds and elements.

    Returns
    -------
    The scores of the strategies and of the baselines. p values are corrected (Holm) within each
    family: strategies against the reference, strategies against the best baseline (`BEST`, chosen
    on inner folds), baselines against the reference.
    """
    combined = ensemble(predictions, quantity)
    raw = {
        name: _raw(name, predictions, combined, quantity, part)
        for name in (*strategies, *baselines)
    }

    @cache
    def pair(name: str, other: str) -> Pair:
        return judge.pair(raw[name].scored, raw[other].scored)

    def against(other: str, names: Sequence[str]) -> dict[str, tuple[PairedTest, float]]:
        asked = [name for name in names if name != other]
        tests = [judge.test(pair(name, other)) for name in asked]
        corrected = holm([test.p for test in tests])
        return {name: (test, p) for name, test, p in zip(asked, tests, corrected, strict=True)}

    def line(
        name: str, to_reference: dict[str, tuple[PairedTest, float]], p_baseline: float | None
    ) -> Score:
        own = raw[name]
        low, high = interval_of_mean(own.per_compound, generator(seed, Purpose.BOOTSTRAP))
        elements = generator(seed, Purpose.BOOTSTRAP, 1)
        low_elements, high_elements = interval_over_elements(
            own.per_compound, own.elements, elements
        )
        delta = own.mae - raw[reference].mae
        test, p = to_reference.get(name, (PairedTest(0.0, 0.0, 0.0, 1.0), None))
        delta_low, delta_high = test.interval_around(delta)
        judged = name in strategies and p is not None
        sure = certain.get(name)
        return Score(
            name=name,
            mae=own.mae,
            mae_low=low,
            mae_high=high,
            mae_low_elements=low_elements,
            mae_high_elements=high_elements,
            mae_single=own.single,
            mae_unseen=own.unseen,
            rmse=own.rmse,
            r2=own.r2,
            delta=delta,
            delta_low=delta_low,
            delta_high=delta_high,
            p_corrected=p,
            p_new_sources=sure.p_new_sources if sure else None,
            p_better=sure.odds.better if sure else None,
            p_equivalent=sure.odds.equivalent if sure else None,
            p_worse=sure.odds.worse if sure else None,
            variance=sure.variance if sure else None,
            delta_best_baseline=own.mae - raw[BEST].mae,
            p_best_baseline=p_baseline,
            verdict=verdict(delta, p, alpha) if judged and p is not None else None,
        )

    strategy_tests = against(reference, strategies)
    baseline_tests = against(reference, baselines)
    to_best = against(BEST, strategies)
    certain = certainties(
        predictions[predictions["part"] == part],
        {name: pair(name, reference) for name in strategies if name != reference},
        quantity=quantity,
        reference=reference,
        margin=margin,
    )
    return (
        [line(name, strategy_tests, to_best[name][1]) for name in strategies],
        [line(name, baseline_tests, None) for name in baselines],
    )


def _raw(
    name: str,
    predictions: pd.DataFrame,
    combined: pd.DataFrame,
    quantity: str,
    part: str,
) -> _Raw:
    own = combined[(combined["strategy"] == name) & (combined["part"] == part)]
    error = own["error"].abs()
    single = predictions[(predictions["strategy"] == name) & (predictions["part"] == part)]
    unseen = combined[(combined["strategy"] == name) & (combined["part"] == UNSEEN)]
    labels = own[quantity]
    per_compound = error.groupby([own["A"], own["B"], own["row"]]).mean()
    return _Raw(
        scored=own,
        per_compound=per_compound.to_numpy(np.float64),
        elements=[key[:2] for key in per_compound.index],
        single=float((single["prediction"] - single[quantity]).abs().mean()),
        unseen=float(unseen["error"].abs().mean()) if len(unseen) else None,
        rmse=float(np.sqrt((own["error"] ** 2).mean())),
        r2=float(1.0 - (own["error"] ** 2).sum() / ((labels - labels.mean()) ** 2).sum()),
    )
