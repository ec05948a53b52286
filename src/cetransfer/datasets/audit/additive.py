"""Labels that contradict the rest of their table, found by fitting row and column effects.

A formation energy is a total energy minus reference energies, one constant per element. So over a
grid of compositions (A, B) the difference of the two energies is exactly a term of A plus a term of
B, and a row where it is not carries a wrong reference. The formation energy itself is only roughly
additive; a row far beyond all others is suspect too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

REFERENCE_LIMIT = 1.0
"""eV/atom. In li2023_spinel all rows but six agree to 1e-7, those six are off by 5 to 9."""

LABEL_LIMIT = 3.0
"""eV/atom. In li2023_spinel, wrong references aside, one row is at 4.2 and the next at 1.7."""

SWEEPS = 20


def additive_residual(
    rows: pd.Series, columns: pd.Series, values: pd.Series
) -> NDArray[np.float64]:
    """Return what is left of values after removing row and column medians in turn.

    Tukey's median polish (Exploratory Data Analysis, 1977): unlike least squares, a wrong value
    keeps its whole error to itself.

    Parameters
    ----------
    rows, columns
        The two keys of every value, for example the elements on A and on B.
    values
        One number per key pair; pairs may be absent.

    Returns
    -------
    float64 array (n,)
        In the unit and order of `values`.
    """
    row_effect, column_effect = additive_effects(rows, columns, values)
    expected = rows.map(row_effect).to_numpy() + columns.map(column_effect).to_numpy()
    residual: NDArray[np.float64] = values.to_numpy(dtype=np.float64) - expected
    return residual


def additive_effects(
    rows: pd.Series, columns: pd.Series, values: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return the row and the column effects of a median polish, by key; see `additive_residual`."""
    import pandas as pd

    row, row_names = pd.factorize(rows)
    column, column_names = pd.factorize(columns)
    table = np.full((len(row_names), len(column_names)), np.nan)
    table[row, column] = values.to_numpy(dtype=np.float64)
    row_effect, column_effect = np.zeros(len(row_names)), np.zeros(len(column_names))
    for _ in range(SWEEPS):
        median = np.nanmedian(table, axis=1)
        table -= median[:, None]
        row_effect += median
        median = np.nanmedian(table, axis=0)
        table -= median
        column_effect += median
    return pd.Series(row_effect, row_names), pd.Series(column_effect, column_names)


def suspect_rows(frame: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Mark the rows of a grid whose label contradicts the others.

    Parameters
    ----------
    frame
        Columns ``A``, ``B``, ``formation_energy`` and ``total_energy_per_atom`` (eV/atom).

    Returns
    -------
    dict
        Reason to bool array (n_rows,); a row has one reason at most.
    """
    difference = frame["total_energy_per_atom"] - frame["formation_energy"]
    reference = np.abs(additive_residual(frame["A"], frame["B"], difference)) > REFERENCE_LIMIT
    label = np.abs(additive_residual(frame["A"], frame["B"], frame["formation_energy"]))
    return {
        "wrong elemental reference": reference,
        "formation energy out of line": ~reference & (label > LABEL_LIMIT),
    }
