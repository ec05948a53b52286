"""Formation energies of candidates: from a model, with intervals, or from the user's own list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.models.model import Model
    from cetransfer.models.shared_sites import SharedSites
    from cetransfer.screening.own_list import OwnList
    from cetransfer.screening.sites import Sites
    from cetransfer.structures.prototypes import Prototype

APPLICABILITY = "applicability"

COLUMNS = (FORMATION_ENERGY, "lower", "upper", APPLICABILITY)


SHARED = (
    "the model has seen one element on each site only: where several share one it predicts for the "
    "mean of their properties, any order of them alike, and its intervals promise nothing"
)


@dataclass(frozen=True)
class Energies:
    """Formation energies (eV/atom) of n candidates.

    Parameters
    ----------
    table
        `COLUMNS`: the energy, its 90 % interval (NaN where there is none) and whether the compound
        lies where the model knows its way ("" where no model was asked).
    words
        Where they come from.
    about
        `model.json` of the model; None for those of a list.
    limits
        What is to be kept in mind.
    """

    table: pd.DataFrame
    words: str
    about: dict[str, Any] | None = None
    limits: tuple[str, ...] = field(default=())

    @property
    def origin(self) -> str:
        """``model`` followed by its id, or ``list``."""
        return "list" if self.about is None else f"model {self.about['id']}"


def from_model(model: Model, frame: pd.DataFrame) -> Energies:
    """Predict candidates.

    Parameters
    ----------
    model
        One that fits them, see `load_fitting`.
    frame
        ``formula``, A, B and X.
    """
    predicted = model.predict(frame[["formula", "A", "B", "X"]])
    limits = tuple(_limits(model, predicted))
    return Energies(predicted[list(COLUMNS)], words_of(model.about), model.about, limits)


def from_shared(shared: SharedSites, about: dict[str, Any], sites: Sites) -> Energies:
    """Predict candidates with elements that share sites.

    Parameters
    ----------
    shared
        The networks of the model.
    about
        Its `model.json`.
    sites
        Of the candidates.
    """
    import pandas as pd

    asked = (
        {site: filled.ways for site, filled in sites.cations.items()},
        {site: filled.code for site, filled in sites.cations.items()},
    )
    value, lower, upper = shared.estimate(*asked)
    columns = dict(zip(COLUMNS, (value, lower, upper, shared.applicability(*asked)), strict=True))
    return Energies(pd.DataFrame(columns), words_of(about), about, limits_of_shared(about))


def words_of(about: dict[str, Any]) -> str:
    """Say in one line which model was asked."""
    made = f"{about['strategy']['name']} on {about['dataset']}"
    return f"model {about['id']}, {made} ({about['protocol_words']})"


def limits_of_shared(about: dict[str, Any]) -> tuple[str, ...]:
    """Say what is to be kept in mind of predictions for shared sites."""
    return (SHARED, *_labelled_by(about))


def from_list(own: OwnList) -> Energies:
    """Take the energies of the user's own list."""
    table = own.frame[[FORMATION_ENERGY]].assign(lower=np.nan, upper=np.nan, applicability="")
    limits = ("the energies of the list have no interval: probabilities are 0 or 1",)
    return Energies(table, f"energies of {next(iter(own.hashes))}", None, limits)


def load_fitting(word: str, root: Path, prototype: Prototype) -> Model:
    """Load a model and refuse it where it does not fit the candidates.

    Parameters
    ----------
    word
        As `cetransfer.load_model` takes it.
    root
        The project's folder.
    prototype
        Of the candidates.

    Raises
    ------
    UserError
        If there is no such model, or saying in what it does not fit.
    """
    from cetransfer.models.find import find_model
    from cetransfer.models.load import load

    model = load(find_model(word, root))
    name = f"model {model.id} ({word})"
    kind = model.kind
    if model.quantity != FORMATION_ENERGY:
        raise UserError(
            f"{name} predicts {model.quantity}, no formation energy; give another model"
        )
    if kind.from_structures or kind.prototype is None:
        raise UserError(
            f"{name} was trained on structures, and a space has none; give a model of compositions"
        )
    if kind.prototype.identity != prototype.identity:
        raise UserError(
            f"{name} was trained on {kind.prototype.name} {kind.prototype.formula_template}, the "
            f"space holds {prototype.name} {prototype.formula_template}; give another model, or "
            f"space={'spinel' if kind.prototype.name == 'spinel' else 'abo3'}"
        )
    return model


def _limits(model: Model, predicted: pd.DataFrame) -> list[str]:
    """Say where the predictions of a model are not to be trusted as they stand."""
    from cetransfer.models.applicability import ELEMENT_NEW, OUT_OF_RANGE

    counts = predicted[APPLICABILITY].value_counts()
    found = []
    if new := int(counts.get(ELEMENT_NEW, 0)):
        found.append(
            f"{new} of {len(predicted)} candidates: an element that the model has not seen on its "
            "site, so that their intervals promise nothing"
        )
    if beyond := int(counts.get(OUT_OF_RANGE, 0)):
        found.append(
            f"{beyond} of {len(predicted)} candidates: beyond the features of the labelled rows"
        )
    if model.calibration is None:
        found.append("the model gives no intervals: probabilities are 0 or 1")
    else:
        found.append(
            "90 % intervals are meant for compounds drawn like the labelled ones; on others they "
            "may hold less often"
        )
    found += _labelled_by(model.about)
    return found


def _labelled_by(about: dict[str, Any]) -> list[str]:
    """Say what made the labels, where that is known to be no calculation of its own."""
    from cetransfer.datasets import catalogue
    from cetransfer.datasets.rests_on import rests_on

    names = dict.fromkeys(each["name"] for each in about.get("data", ()))
    known = [name for name in names if name in catalogue.names()]
    return [line for name in known for line in rests_on(name, catalogue.entry(name).rests_on)]
