"""A model in a folder of its own, with a page that says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.models import folder as files

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

README = "README.md"


def export_model(folder: Path, place: Path) -> None:
    """Copy a model to a place that holds nothing yet.

    Raises
    ------
    UserError
        If a file of the model was changed, there is something at the place, or it cannot be
        written.
    """
    files.copy(folder, place, {README: page(files.read(folder))})


def page(about: dict[str, Any]) -> str:
    """Return what a reader of the folder should know."""
    form = about["prototype"]["form"] if about["prototype"] else "structures"
    mae = about["scores"]["mae"]
    interval = ", with 90 % intervals" if about["interval"] else ""
    return f"""\
# Model {about["id"]}

Predicts {about["quantity"]} in {about["unit"]} of {form}{interval}. Made by the strategy
`{about["strategy"]["name"]}` on the data set `{about["dataset"]}` ({about["protocol_words"]}); mean
absolute error in cross-validation {mae:.4f} {about["unit"]}. Comparison {about["comparison"]},
commit {about["commit"]}; `model.json` says the rest: data and their SHA-256, rows, configuration,
packages, and the SHA-256 of every file here.

    cetransfer predict FOLDER SrTiO3

    from cetransfer import load_model
    load_model("FOLDER").predict(["SrTiO3"])
"""
