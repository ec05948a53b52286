"""Which compounds have labels already: a model's own, and those of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.models.inputs import asked_for
from cetransfer.screening.training_rows import either_order, load_told, trained_rows

if TYPE_CHECKING:
    from cetransfer.models.model import Model

COLUMNS = ["formula", "A", "B", "X"]


@dataclass(frozen=True)
class Labelled:
    """Compounds with labels.

    Parameters
    ----------
    frame
        `COLUMNS`, each compound once.
    others
        (A, B, X) of compounds that the labels may be of as well: those with A and B exchanged,
        where the formulas of a data set do not say which is which.
    hashes
        SHA-256 of all files read.
    notes
        What makes this less than sure.
    """

    frame: pd.DataFrame
    others: frozenset[tuple[str, str, str]]
    hashes: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def holds(self, frame: pd.DataFrame) -> list[bool]:
        """Tell for each compound of a table whether it has a label."""
        known = {*_sites(self.frame), *self.others}
        return [each in known for each in _sites(frame)]


def labelled_compounds(model: Model, table: str | None, root: Path) -> Labelled:
    """Return the compounds that a model was trained on, and those of a table of newer labels.

    Raises
    ------
    UserError
        If the data that the model was trained on are not here, or the table cannot be read.
    """
    own = next(told for told in model.about["data"] if told["role"] == "target")
    name = str(own["name"])
    try:
        data = load_told(own, model.about, root)
    except UserError as error:
        raise UserError(
            f"what model {model.id} was trained on is not here, so nobody knows what has a label "
            f"already: {error}"
        ) from error
    if data is None:
        raise ValueError("a model of structures fits no space")
    notes = [
        f"{file} is not the file that model {model.id} was trained on; which compounds have labels "
        "is told by row numbers and may be wrong"
        for file, value in own["files"].items()
        if data.hashes.get(file) != value
    ]
    parts = [data.frame.loc[trained_rows(own, data), COLUMNS]]
    hashes = dict(data.hashes)
    others: list[tuple[str, str, str]] = []
    if either_order(name):
        others = [(b, a, x) for a, b, x in _sites(parts[0])]
        notes.append(
            f"the formulas of {name} do not say what stands on A: both orders of its compounds are "
            "taken as labelled"
        )
    if table is not None:
        parts.append(asked_for(table, model.kind, model.id).frame[COLUMNS])
        hashes[table] = sha256(Path(table))
    frame = pd.concat(parts, ignore_index=True).drop_duplicates(COLUMNS[1:], ignore_index=True)
    return Labelled(frame, frozenset(others), hashes, notes)


def _sites(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(frame[COLUMNS[1:]].astype(str).itertuples(index=False, name=None))
