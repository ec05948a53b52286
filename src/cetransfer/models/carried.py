"""Columns of the user's own tables, carried through beside the predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.datasets.table_files import ENDINGS, read_user_table
from cetransfer.models.inputs import by_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

GIVEN = "_given"
"""What is added to the name of a column of the user's that a prediction's column has too."""


def with_own_columns(
    predicted: pd.DataFrame, inputs: Sequence[str], roles: Sequence[str]
) -> pd.DataFrame:
    """Return predictions with the other columns of the tables they were asked for by.

    Parameters
    ----------
    predicted
        A row for each compound, in the order of the inputs.
    inputs
        Formulas and names of files; each but a table is one compound.
    roles
        The sites, whose columns compounds may have been read from.
    """
    parts = []
    for each in inputs:
        if Path(each).suffix.lower() in ENDINGS:
            table = read_user_table(Path(each)).reset_index(drop=True)
            # what the compounds were read from stands there already
            read = {"formula", *roles} if by_sites(table, roles) else {"formula"}
            parts.append(table[[name for name in table if name not in read]])
        else:
            parts.append(pd.DataFrame(index=range(1)))
    own = pd.concat(parts, ignore_index=True)
    renamed = {name: f"{name}{GIVEN}" for name in own if name in predicted}
    return predicted.join(own.rename(columns=renamed))
