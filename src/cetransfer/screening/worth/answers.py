"""Known answers: which candidates are perovskites by experiment, and which are stable by DFT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.bartel2019 import NAME as BARTEL
from cetransfer.datasets.bartel2019 import read_labels
from cetransfer.datasets.emery2017 import NAME as EMERY
from cetransfer.screening.known_list import keys_of
from cetransfer.screening.provenance import PEROVSKITE
from cetransfer.screening.training_rows import training_keys
from cetransfer.screening.worth.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from cetransfer.structures.prototypes import Prototype

EXPERIMENT, STABLE = "perovskite", "stable"

HULL = f"{EMERY}_hull_distance"

LARGEST_DISTANCE = 0.05
"""Of a stable compound from the hull, eV/atom: what growth, entropy and DFT's error allow for."""


def questions_of(
    table: pd.DataFrame, prototype: Prototype, about: Mapping[str, Any] | None, root: Path
) -> tuple[list[Question], list[str]]:
    """Return what can be asked of candidates, and what was left out of it.

    Parameters
    ----------
    table
        Candidates with the columns of their provenance.
    prototype
        Of the candidates.
    about
        `model.json` of the model; None where there is none.
    root
        The project's folder.
    """
    found: list[Question] = []
    notes: list[str] = []
    if BARTEL in table:
        found += _experimental(table)
    if HULL in table:
        distance = table[HULL].to_numpy(np.float64)
        known = ~np.isnan(distance)
        told = [each for each in about["data"] if each["name"] == EMERY] if about else []
        learnt, _ = training_keys({**about, "data": told} if about else None, prototype, root)
        trained = np.array([key in learnt for key in keys_of(table)])
        if (known & trained).any():
            notes.append(
                f"{(known & trained).sum()} compounds whose energies in {EMERY} the model was "
                "trained on are left out of the question what is stable"
            )
        words = f"stable, at most {LARGEST_DISTANCE} eV/atom above the hull ({EMERY})"
        found.append(Question(STABLE, words, known & ~trained, distance <= LARGEST_DISTANCE))
    return [each for each in found if _both(each)], notes


def _experimental(table: pd.DataFrame) -> list[Question]:
    """Ask for perovskites, of all known oxides and of those that tau was not fitted to."""
    labels, _ = read_labels()
    words = f"perovskite by experiment ({BARTEL})"
    fitted = {key for key, own in zip(keys_of(labels), labels["trained"], strict=True) if own > 0}
    known = (table[BARTEL] != "").to_numpy(bool)
    fresh = known & np.array([key not in fitted for key in keys_of(table)])
    truth = (table[BARTEL] == PEROVSKITE).to_numpy(bool)
    return [
        Question(EXPERIMENT, words, known, truth, fair=not fresh.any()),
        Question(EXPERIMENT, f"{words}, oxides that tau was not fitted to", fresh, truth),
    ]


def _both(question: Question) -> bool:
    """Tell whether yes and no occur among the known answers."""
    answers = question.truth[question.known]
    return bool(answers.any() and not answers.all())
