"""Models: what a strategy made, in a folder that loads and predicts without what trained it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.models.model import Model


def load_model(name: str | Path) -> Model:
    """Load a model.

    Parameters
    ----------
    name
        A folder; ``"default"``, or another name in ``models/`` of the project;
        ``"COMPARISON/STRATEGY"`` below ``outputs/compare``; a model's id, or 6 or more of its first
        digits; the id of the MLflow run of a strategy; ``"champion"``, what `cetransfer promote`
        chose last; ``"models:/NAME@ALIAS"`` or ``"models:/NAME/VERSION"`` of the local registry.

    Returns
    -------
    cetransfer.Model
        Its `predict` takes formulas, tables and structures.

    Raises
    ------
    cetransfer.UserError
        If there is no such model, or a file of it was changed.
    """
    from cetransfer.models.find import find_model
    from cetransfer.models.load import load
    from cetransfer.settings import project_root

    return load(find_model(str(name), project_root()))
