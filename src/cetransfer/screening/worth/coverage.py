"""How often a model's intervals hold, on compounds of its own kind that it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError
from cetransfer.models.applicability import ELEMENT_NEW, OK, OUT_OF_RANGE
from cetransfer.models.intervals import NOMINAL
from cetransfer.screening.known_list import keys_of
from cetransfer.screening.training_rows import load_told, trained_rows
from cetransfer.screening.worth.selection import share

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

WORDS = {
    "all": "all",
    OK: "elements and features as among the labelled ones",
    ELEMENT_NEW: "an element that no labelled one has on its site",
    OUT_OF_RANGE: "features beyond those of the labelled ones",
}


def coverage_of(
    table: pd.DataFrame, about: Mapping[str, Any] | None, prototype: str, root: Path
) -> dict[str, Any] | None:
    """Return which share of never labelled candidates lies within their intervals.

    Parameters
    ----------
    table
        Candidates with ``lower``, ``upper`` and ``applicability``.
    about
        `model.json` of the model that predicted them; None where there is none.
    prototype
        Of the candidates.
    root
        The project's folder.

    Returns
    -------
    None where there are no intervals, or no labels of the model's own data set beyond those that
    it was trained on.
    """
    if about is None or not {"lower", "upper", "applicability"} <= {*table.columns}:
        return None
    own = next(told for told in about["data"] if told["role"] == "target")
    try:
        data = load_told(own, about, root)
    except UserError:
        return None
    if data is None or data.prototype != prototype:
        return None
    fresh = data.frame[~trained_rows(own, data)]
    labels = dict(zip(keys_of(fresh), fresh[data.quantity], strict=True))
    label = np.array([labels.get(key, np.nan) for key in keys_of(table)], np.float64)
    low, high = (table[name].to_numpy(np.float64) for name in ("lower", "upper"))
    known = ~np.isnan(label) & ~np.isnan(low)
    if not known.any():
        return None
    kinds = {"all": known}
    kinds |= {
        word: known & (table["applicability"] == word).to_numpy(bool)
        for word in (OK, ELEMENT_NEW, OUT_OF_RANGE)
    }
    within = (low <= label) & (label <= high)
    return {
        "nominal": NOMINAL,
        "dataset": data.name,
        "rows": {
            name: _held(within[rows]) | {"words": WORDS[name]} for name, rows in kinds.items()
        },
    }


def _held(within: NDArray[np.bool_]) -> dict[str, Any]:
    if not len(within):
        return {"compounds": 0, "coverage": None, "low": None, "high": None}
    value, low, high = share(int(within.sum()), len(within))
    return {"compounds": len(within), "coverage": value, "low": low, "high": high}
