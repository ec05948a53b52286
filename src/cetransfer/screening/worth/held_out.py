"""How often a model's intervals hold on held-out elements: worked out once, then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import cetransfer
from cetransfer.errors import UserError
from cetransfer.files import read_json, write_json
from cetransfer.progress import say
from cetransfer.provenance import digest
from cetransfer.screening.training_rows import trained_rows
from cetransfer.screening.worth.element_groups import GROUPS

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.models.model import Model

FOLDER = "outputs/held_out"

UNKNOWN = "how often intervals hold on held-out elements is not known: "


def held_out_elements(model: Model | None, root: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """Return how often a model's intervals hold on held-out elements, and notes.

    Parameters
    ----------
    model
        None where there is none.
    root
        The project's folder; what was found is kept in `FOLDER`, under a key of the model.

    Returns
    -------
    None, and a line that says why, where it cannot be worked out: there is no model, it has no
    intervals, or what it was trained on is not here.
    """
    if model is None:
        return None, [f"{UNKNOWN}no model was asked"]
    if model.calibration is None:
        return None, [f"{UNKNOWN}model {model.id} has no intervals"]
    key = digest([model.id, GROUPS, cetransfer.__version__])[:16]
    kept = root / FOLDER / f"{key}.json"
    try:
        found = _read(kept)
        if found is None:
            found = {"model": model.id, **_worked_out(model, root)}
            write_json(kept, found)
    except UserError as error:
        return None, [f"{UNKNOWN}{error}"]
    return found, []


def _read(path: Path) -> dict[str, Any] | None:
    """Return what was found before; None where that is not there, or damaged."""
    try:
        return read_json(path) if path.is_file() else None
    except UserError:
        return None


def _worked_out(model: Model, root: Path) -> dict[str, Any]:
    from cetransfer.composition import stored_settings
    from cetransfer.evaluation.case import load_domains
    from cetransfer.screening.worth.without_elements import Trial, without_elements

    settings = stored_settings(model.about["config"])
    sources, target = load_domains(settings, root)
    here = {domain.name: domain.data.hashes for domain in (*sources, target)}
    for told in model.about["data"]:
        for file, value in told["files"].items():
            if here.get(told["name"], {}).get(file) != value:
                raise UserError(f"{file} is not the file that model {model.id} was trained on")
    own = next(told for told in model.about["data"] if told["role"] == "target")
    labelled = np.flatnonzero(trained_rows(own, target.data))
    say(
        f"intervals on held-out elements: {model.nets.strategy.name} is trained {GROUPS} times, "
        "each time without a part of the elements; once for this model (held_out=false: never)"
    )
    return without_elements(Trial(model, settings, sources, target, labelled), root)
