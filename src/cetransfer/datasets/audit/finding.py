"""What an audit looks at and what it says."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset


@dataclass(frozen=True)
class Subject:
    """A table as it was read, good or bad.

    Parameters
    ----------
    name
        What to call it.
    frame
        Columns ``formula``, one for each role, ``formation_energy`` (eV/atom) and perhaps
        ``total_energy_per_atom`` or ``total_energy`` (eV/atom). Unlike in a `Dataset`, energies may
        be missing and rows may occur twice.
    prototype
        As `cetransfer.structures.prototypes.prototype_named` takes it: a name or a .cif path.
    rests_on
        Whose calculations the labels rest on, also indirectly.
    true_sites
        Whether A and B are known to be the sites.
    unusable
        Rows of the file that are not in the frame: ``row`` (from 1), ``formula``, ``problem``.
    """

    name: str
    frame: pd.DataFrame
    prototype: str
    rests_on: tuple[str, ...] = ()
    true_sites: bool = False
    unusable: list[dict[str, Any]] = field(default_factory=list)

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of the prototype, each a column of the frame."""
        return prototype_named(self.prototype).roles

    @property
    def cations(self) -> list[str]:
        """Roles of the cations."""
        return [role for role in self.roles if role != "X"]

    @property
    def paired(self) -> bool:
        """Whether there are two cation sites, so that the rows are a grid of A and B."""
        return len(self.cations) == 2  # noqa: PLR2004 - A and B

    @property
    def energies(self) -> NDArray[np.float64]:
        """The formation energies; NaN where there is no number."""
        return numbers(self.frame, "formation_energy")

    @property
    def total_energies(self) -> NDArray[np.float64] | None:
        """The total energies in eV/atom, if the table has them."""
        for column in ("total_energy_per_atom", "total_energy"):
            if column in self.frame:
                return numbers(self.frame, column)
        return None

    def without(self, rows: NDArray[np.bool_]) -> Subject:
        """Return the other rows; their index still says where they stood."""
        return replace(self, frame=self.frame[~rows])


@dataclass(frozen=True)
class Finding:
    """One thing an audit found.

    Parameters
    ----------
    kind
        For example ``"wrong_reference"``.
    subject
        The table, or both as ``"source -> target"``.
    message
        One sentence for the reader.
    rows
        Each with ``row`` (from 1), ``formula`` as in the file and the numbers that speak of it.
    evidence
        What the finding rests on, with the limits that were applied.
    """

    kind: str
    subject: str
    message: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the finding as JSON can say it."""
        return asdict(self)


def subject_of(data: Dataset, *, true_sites: bool) -> Subject:
    """Return a data set as the subject of an audit.

    Raises
    ------
    UserError
        If its structures are of no one prototype.
    """
    if data.prototype is None:
        raise UserError(f"{data.name} has structures of no one prototype; an audit needs one")
    return Subject(data.name, data.frame, data.prototype, data.rests_on, true_sites)


def counted(number: int, noun: str) -> str:
    """Return ``"1 label"`` or ``"2 labels"``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column as numbers (n,); NaN where there is none."""
    import pandas as pd

    values = pd.to_numeric(frame[column], errors="coerce")
    found: NDArray[np.float64] = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)


def rows_of(
    frame: pd.DataFrame, chosen: NDArray[np.bool_], **columns: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Return the chosen rows of a frame with their numbers, four decimals each."""
    numbers_of_rows = frame.index.to_numpy(dtype=np.int64).tolist()
    return [
        {
            "row": numbers_of_rows[i] + 1,
            "formula": str(frame["formula"].iloc[i]),
            **{name: round(float(values[i]), 4) for name, values in columns.items()},
        }
        for i in np.flatnonzero(chosen).tolist()
    ]


def spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation as the median absolute deviation tells it."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
