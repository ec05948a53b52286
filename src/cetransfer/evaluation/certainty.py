"""How sure is a difference beyond its p: for new sources, by how much, and whose luck it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.evaluation.bayes import Odds, correlated_odds
from cetransfer.evaluation.statistics import holm
from cetransfer.evaluation.variance import Luck, Shares, luck, new_sources_p

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from cetransfer.evaluation.judges import Pair


@dataclass(frozen=True)
class Certainty:
    """Of one strategy against the reference; None where the nets are too few to tell."""

    p_new_sources: float | None
    odds: Odds
    variance: Shares | None


def certainties(
    predictions: pd.DataFrame,
    pairs: Mapping[str, Pair],
    *,
    quantity: str,
    reference: str,
    margin: float,
) -> dict[str, Certainty]:
    """Return the certainty of every strategy.

    Parameters
    ----------
    predictions
        The part of the table of `cetransfer.evaluation.predictions` that is scored.
    pairs
        The ensembles' fold scores paired with the reference's, for each strategy.
    quantity
        Column of the labels.
    reference
        The strategy that gains are measured against.
    margin
        What still counts as equal, in the unit of the labels.

    Returns
    -------
    For each strategy; `p_new_sources` is corrected for their number (Holm).
    """
    found = {name: _luck(predictions, name, reference, quantity) for name in pairs}
    p_values = {
        name: new_sources_p(own.differences, own.test_to_train, known[0], known[1])
        for name, own in pairs.items()
        if (known := found[name])
    }
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return {
        name: Certainty(
            corrected.get(name),
            correlated_odds(own.differences, own.test_to_train, margin),
            known[0].shares if (known := found[name]) else None,
        )
        for name, own in pairs.items()
    }


def _luck(
    scored: pd.DataFrame, name: str, reference: str, quantity: str
) -> tuple[Luck, float] | None:
    """Return the components of single nets' paired differences, and the number of source nets."""
    keys = ["repeat", "fold", "member"]
    both = scored[scored["strategy"].isin([name, reference])]
    errors = (both["prediction"] - both[quantity]).abs()
    single = errors.groupby([both["strategy"], *(both[key] for key in keys)], dropna=False).mean()
    paired = (single[name] - single[reference]).rename("difference").reset_index()
    first = both[both["strategy"] == name].drop_duplicates(keys)
    nets = paired.merge(first[[*keys, "source", "target_seed"]], on=keys)
    components = luck(
        nets["difference"].to_numpy(np.float64),
        fold=nets.groupby(["repeat", "fold"], dropna=False).ngroup().to_numpy(np.int64),
        source=nets["source"].to_numpy(np.int64),
        target=nets.groupby(["repeat", "target_seed"]).ngroup().to_numpy(np.int64),
    )
    return (components, effective_number(nets["source"])) if components else None


def effective_number(sources: pd.Series[int]) -> float:
    """Return of how many source nets a mean over networks (N,) is, by the net each started from.

    A mean in which net i has the share w_i carries sum(w_i^2) of the variance of one net, as much
    as a mean over 1 / sum(w_i^2) nets with equal shares; where all serve equally often it is their
    number.
    """
    times = sources.value_counts().to_numpy(np.int64)
    return float(times.sum() ** 2 / (times**2).sum())
