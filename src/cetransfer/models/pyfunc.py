"""A model as MLflow serves it: `loader_module` of a packaged model names this module.

MLflow itself is imported only to refuse a request, which happens where MLflow runs already.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from pymatgen.core import Structure

    from cetransfer.models.model import Model

FORMULA = "formula"
"""Column of a request to a model of compositions."""

CIF = "cif"
"""Column of a request to a model of structures: the text of a CIF file in each row."""


class Served:
    """A model that answers tables with tables; what is wrong with a table is MLflow's status 400.

    Parameters
    ----------
    model
        The model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, asked: pd.DataFrame) -> pd.DataFrame:
        """Return what `Model.predict` returns, None where there is no interval.

        Texts are never taken for names of files.

        Raises
        ------
        mlflow.exceptions.MlflowException
            Naming the compound that cannot be predicted, and why.
        """
        try:
            table = self._answer(asked)
        except UserError as error:
            from mlflow.exceptions import MlflowException

            raise MlflowException.invalid_parameter_value(str(error)) from error
        limits = table[["lower", "upper"]].astype(object)
        finite = np.isfinite(limits.astype(float))
        return table.assign(**limits.where(finite, None))

    def _answer(self, asked: pd.DataFrame) -> pd.DataFrame:
        if not self.model.kind.from_structures:
            return self.model.predict(asked)
        return self.model.predict([_structure(i, text) for i, text in enumerate(asked[CIF], 1)])


def _structure(number: int, text: str) -> Structure:
    from cetransfer.structures.read import read_structure

    try:
        return read_structure(str(text).encode(), ".cif")
    except UserError as error:
        raise UserError(f"structure {number}: {error}") from error


def input_columns(about: dict[str, Any]) -> list[str]:
    """Return the columns of a request to a described model."""
    return [CIF] if about["from_structures"] else [FORMULA]


def _load_pyfunc(data_path: str) -> Served:
    """Load the model of a folder; called by MLflow.

    Raises
    ------
    UserError
        If a file of it was changed.
    """
    from cetransfer.models.load import load

    return Served(load(Path(data_path)))
