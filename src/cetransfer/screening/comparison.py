"""One funnel on two sets of energies for the same candidates: what is in both, what in one only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.screening.energies import APPLICABILITY
from cetransfer.screening.funnel import run_funnel, told
from cetransfer.screening.probability import probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.energies import Energies
    from cetransfer.screening.evidence import Evidence
    from cetransfer.screening.funnel import Funnel

BOTH, LIST_ONLY, MODEL_ONLY = "both", "list only", "model only"


def compare_lists(
    criteria: Sequence[Criterion],
    table: pd.DataFrame,
    first: Funnel,
    evidence: Evidence,
    energies: Energies,
) -> tuple[pd.DataFrame, dict[str, Any], pd.DataFrame]:
    """Screen the candidates of a list with a model, too, and set both results side by side.

    Parameters
    ----------
    criteria
        Of the funnel.
    table
        The candidates with the energies of the list.
    first
        The funnel with these.
    evidence
        With the energies of the model.
    energies
        Of the model.

    Returns
    -------
    tuple
        The table with columns ``model_...``; what ``screen.json`` says of the comparison; and the
        candidates that pass in one of them, with ``passes``: both, list only or model only.
    """
    second = run_funnel(criteria, evidence, len(table), may_be_empty=True)
    predicted = energies.table
    table = table.assign(
        model_formation_energy=predicted[FORMATION_ENERGY].to_numpy(),
        model_lower=predicted["lower"].to_numpy(),
        model_upper=predicted["upper"].to_numpy(),
        applicability=predicted[APPLICABILITY].to_numpy(),
        model_dropped_by=second.dropped_by,
        model_probability=probabilities(criteria, evidence, second.quantities),
    )
    in_list, in_model = first.passing, second.passing
    both, either = in_list & in_model, in_list | in_model
    passes = np.select([both, in_list], [BOTH, LIST_ONLY], MODEL_ONLY)
    difference = (table["model_formation_energy"] - table[FORMATION_ENERGY]).to_numpy(np.float64)
    document = {
        "first": "list",
        "second": energies.words,
        "funnel": told(second.steps),
        "counts": {
            "first": int(in_list.sum()),
            "second": int(in_model.sum()),
            "both": int(both.sum()),
            "only_first": int((in_list & ~in_model).sum()),
            "only_second": int((in_model & ~in_list).sum()),
        },
        "mean_difference": float(difference.mean()),
        "mean_absolute_difference": float(np.abs(difference).mean()),
    }
    columns = [
        *(column for column in ("formula", "A", "A2", "B", "B2", "X") if column in table),
        *("passes", FORMATION_ENERGY, "model_formation_energy", "model_lower", "model_upper"),
        *("model_probability", "dropped_by", "model_dropped_by", APPLICABILITY, "provenance"),
    ]
    listed = table.assign(passes=passes)[either][columns]
    order = {BOTH: 0, LIST_ONLY: 1, MODEL_ONLY: 2}
    listed = listed.sort_values(
        ["passes", FORMATION_ENERGY],
        key=lambda each: each.map(order) if each.name == "passes" else each,
        ignore_index=True,
    )
    return table, document, listed
