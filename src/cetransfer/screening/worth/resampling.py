"""Other elements: weights of compounds, for intervals of what is no plain share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

RESAMPLES = 500

LEVEL = (0.025, 0.975)
"""The ends of a 95 % interval, as shares of what was resampled."""


def element_weights(sites: pd.DataFrame, random: np.random.Generator) -> NDArray[np.float64]:
    """Return weights (R, n) of compounds: each element has one, a compound their product.

    Compounds that share an element stand or fall together, so whole elements are reweighted
    (exponential weights of mean 1), as in `cetransfer.evaluation.element_interval`: the product
    reweighted bootstrap of Owen & Eckles, Ann. Appl. Stat. 6:895 (2012), doi 10.1214/12-AOAS547,
    which errs on the wide side.

    Parameters
    ----------
    sites
        n rows, the element on each cation site ("" for none).
    random
        Where the weights come from.
    """
    columns = [sites[name].to_numpy(str) for name in sites]
    elements, places = np.unique(np.concatenate(columns), return_inverse=True)
    logs = np.log(random.exponential(size=(RESAMPLES, len(elements))))
    logs[:, elements == ""] = 0.0
    total = np.zeros((RESAMPLES, len(sites)))
    counted: list[NDArray[np.int64]] = []
    for place in np.split(places, len(columns)):
        # the same element on two sites counts once
        again = np.any([place == earlier for earlier in counted], axis=0) if counted else False
        total += np.where(again, 0.0, logs[:, place])
        counted.append(place)
    weights: NDArray[np.float64] = np.exp(total)
    return weights
