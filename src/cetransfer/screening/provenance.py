"""Where each candidate is known from: the model's training data, calculations, experiments."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets import catalogue
from cetransfer.datasets.bartel2019 import NAME as BARTEL
from cetransfer.datasets.bartel2019 import read_labels
from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.errors import UserError, nearest
from cetransfer.screening.known_list import key_of, keys_of, read_known
from cetransfer.screening.training_rows import training_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from cetransfer.settings_screening import ScreenSettings
    from cetransfer.structures.prototypes import Prototype

NOT_FOUND = "not found"

FURTHER = ("hull_distance", "energy_above_hull")
"""Columns of a data set that are worth telling beside its formation energy, eV/atom."""

PEROVSKITE, OTHER = "perovskite", "not a perovskite"


@dataclass
class Provenance:
    """Columns for a table of candidates, and what was read for them.

    Parameters
    ----------
    columns
        (n,) each: ``in_training``; ``NAME_formation_energy`` (eV/atom) for every table of
        calculations; ``bartel2019``; ``known_reference``; and ``provenance``, all of it in words.
    hashes
        SHA-256 of the files.
    notes
        What the user should know.
    """

    columns: dict[str, Any]
    hashes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)

    def add(self, found: Iterable[bool], word: str) -> None:
        """Add a word to the candidates that were found somewhere."""
        for own, here in zip(self.words, found, strict=True):
            if here:
                own.append(word)

    def counts(self, rows: np.ndarray) -> dict[str, int]:
        """Return how many of some rows (bool, (n,)) are known from where."""
        found: dict[str, int] = {}
        for own in (each for each, wanted in zip(self.words, rows, strict=True) if wanted):
            for word in own or [NOT_FOUND]:
                found[word] = found.get(word, 0) + 1
        return dict(sorted(found.items()))


def provenance_of(
    frame: pd.DataFrame,
    prototype: Prototype,
    settings: ScreenSettings,
    about: Mapping[str, Any] | None,
    root: Path,
) -> Provenance:
    """Look every candidate up.

    Parameters
    ----------
    frame
        ``formula``, A, B, X, and A2, B2 where sites are shared.
    prototype
        Of the candidates; tables of another one say nothing of them.
    settings
        The keys `provenance` and `known`.
    about
        `model.json` of the model, if there is one.
    root
        The project's folder.

    Raises
    ------
    UserError
        For an unknown table, or a file that cannot be read.
    """
    keys = keys_of(frame)
    found = Provenance({}, words=[[] for _ in keys])
    trained, notes = training_keys(about, prototype, root)
    found.notes += notes
    in_training = np.array([key in trained for key in keys])
    found.columns["in_training"] = in_training
    found.add(in_training, "training data")
    for name in settings.provenance.tables:
        _calculated(found, keys, name, prototype, root)
    for name in settings.provenance.experiments:
        if name != BARTEL:
            raise UserError(
                f"provenance.experiments: {name!r} is unknown; {BARTEL} is known, give a list of "
                "yours with known=my.csv"
            )
        if prototype.name == PEROVSKITE:
            _experimental(found, keys)
    if settings.known is not None:
        references, hashes = read_known(Path(settings.known), prototype)
        found.hashes |= hashes
        here = len({*references} & {*keys})
        name = Path(settings.known).name
        found.notes.append(f"{name}: {here} of {len(references)} compounds are candidates here")
        found.columns["known_reference"] = [references.get(key, "") for key in keys]
        found.add((key in references for key in keys), f"known ({name})")
    found.columns["provenance"] = ["; ".join(own) or NOT_FOUND for own in found.words]
    return found


def _calculated(
    found: Provenance, keys: list[tuple[str, ...]], name: str, prototype: Prototype, root: Path
) -> None:
    """Look candidates up in a table of calculated energies."""
    known = [each for each in catalogue.names() if not catalogue.entry(each).use]
    if name not in known:
        hint = nearest(name, known, f"known: {', '.join(known)}")
        raise UserError(f"provenance.tables: no data set {name!r}; {hint}")
    entry = catalogue.entry(name)
    if entry.prototype != prototype.name:
        return
    data = catalogue.load(name, root=root)
    found.hashes |= data.hashes
    further = [column for column in FURTHER if column in data.frame]
    values = data.frame[[FORMATION_ENERGY, *further]].to_numpy(np.float64)
    here = dict(zip(keys_of(data.frame), values, strict=True))
    if not entry.true_sites:
        # the order of the formula says nothing of the sites
        for key, value in list(here.items()):
            here.setdefault(key_of(key[2:4], key[0:2], key[4]), value)
    nothing = np.full(1 + len(further), np.nan)
    told = np.array([here.get(key, nothing) for key in keys])
    for place, column in enumerate((FORMATION_ENERGY, *further)):
        found.columns[f"{name}_{column}"] = told[:, place]
    found.add((key in here for key in keys), f"calculated ({name})")


def _experimental(found: Provenance, keys: list[tuple[str, ...]]) -> None:
    """Look candidates up among the experimental labels of Bartel et al. (2019)."""
    table, hashes = read_labels()
    found.hashes |= hashes
    labels = dict(zip(keys_of(table), table["label"], strict=True))
    words = [PEROVSKITE if labels.get(key, 0) > 0 else OTHER for key in keys]
    found.columns[BARTEL] = [
        word if key in labels else "" for word, key in zip(words, keys, strict=True)
    ]
    for wanted in (PEROVSKITE, OTHER):
        found.add((word == wanted for word in found.columns[BARTEL]), f"{wanted} ({BARTEL})")
