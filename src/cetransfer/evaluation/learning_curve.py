"""From the scores at every size of the labelled set to a curve and its crossover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cetransfer.evaluation.predictions import ensemble
from cetransfer.evaluation.statistics import corrected_t

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cetransfer.evaluation.scores import Score

COLUMNS = (
    "mae", "mae_low", "mae_high", "delta", "delta_low", "delta_high", "p_corrected", "verdict",
)  # fmt: skip


def curve_table(
    scores: Mapping[int, tuple[Sequence[Score], Sequence[Score]]],
    predictions: pd.DataFrame,
    parts: Mapping[int, str],
    shared: Mapping[int, float],
    quantity: str,
) -> pd.DataFrame:
    """Return one row per strategy or baseline and size.

    Parameters
    ----------
    scores
        Of strategies and baselines, by the number of labelled rows.
    predictions
        The table of predictions.
    parts
        Which part of it belongs to each size.
    shared
        n_test / n_train of each size's draws, or what stands for it: 0 where they share no rows.
    quantity
        Column of the labels.

    Returns
    -------
    Columns ``strategy``, ``kind``, ``n_labelled``, ``draws``, those of a score, and ``draw_low``,
    ``draw_high``: the 95 % t interval of the mean over draws, which other labelled rows would fall
    in, where ``mae_low`` and ``mae_high`` are about other test compounds. Errors in the
    unit of the labels.
    """
    combined = ensemble(predictions, quantity)
    rows = []
    for size, families in scores.items():
        own = combined[combined["part"] == parts[size]]
        per_draw = own["error"].abs().groupby([own["strategy"], own["fold"]]).mean()
        for kind, lines in zip(("strategy", "baseline"), families, strict=True):
            for line in lines:
                errors = per_draw[line.name].to_numpy(np.float64)
                over_draws = corrected_t(errors, shared[size])
                rows.append(
                    {
                        "strategy": line.name,
                        "kind": kind,
                        "n_labelled": size,
                        "draws": len(errors),
                        **{column: getattr(line, column) for column in COLUMNS},
                        "draw_low": over_draws.low,
                        "draw_high": over_draws.high,
                    }
                )
    table = pd.DataFrame(rows)
    order = {name: number for number, name in enumerate(dict.fromkeys(table["strategy"]))}
    return table.sort_values(
        ["strategy", "n_labelled"],
        key=lambda column: column.map(order) if column.name == "strategy" else column,
        ignore_index=True,
    )


def crossovers(table: pd.DataFrame, reference: str) -> dict[str, int | None]:
    """Return, for every strategy, the smallest size whose interval of the gain includes 0.

    From there on the gain over the reference, or the loss, cannot be told from chance. None where
    no interval includes 0.
    """
    own = table[(table["kind"] == "strategy") & (table["strategy"] != reference)]
    found: dict[str, int | None] = {}
    for name, lines in own.groupby("strategy", sort=False):
        open_ = lines[(lines["delta_low"] <= 0) & (lines["delta_high"] >= 0)]
        found[str(name)] = int(open_["n_labelled"].min()) if len(open_) else None
    return found


def last_gains(table: pd.DataFrame) -> dict[str, int | None]:
    """Return, for every strategy with a verdict, the largest size at which it is a gain.

    Of few rows, luck with the rows is so large that a crossover may come before any gain shows;
    this says up to where there is one. None where there is none.
    """
    own = table[table["verdict"].notna()]
    found: dict[str, int | None] = {}
    for name, lines in own.groupby("strategy", sort=False):
        gains = lines[lines["verdict"] == "gain"]
        found[str(name)] = int(gains["n_labelled"].max()) if len(gains) else None
    return found
