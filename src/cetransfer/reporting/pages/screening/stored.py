"""A screening as its folder tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cetransfer.errors import UserError
from cetransfer.files import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CANDIDATES = "candidates.parquet"
SHORTLIST = "shortlist.csv"
WORTH = "worth.csv"
TEXTS = ("dropped_by", "provenance", "applicability", "radii", "radii_problem")
ENERGY = "formation_energy"
UNIT = "eV/atom"


@dataclass(frozen=True)
class StoredScreening:
    """What a screening found.

    Parameters
    ----------
    document
        ``screen.json``.
    candidates
        All of them, the first rank first.
    worth
        How criteria do where the answer is known; None where that was not asked.
    parts
        Files of all candidates where these are too many for a table; `candidates` are then the
        first of the shortlist.
    """

    document: dict[str, Any]
    candidates: pd.DataFrame
    worth: pd.DataFrame | None
    parts: tuple[Path, ...] = ()

    @property
    def steps(self) -> Sequence[Mapping[str, Any]]:
        """The criteria of the funnel in their order, with their counts."""
        steps: Sequence[Mapping[str, Any]] = self.document["funnel"]
        return steps

    @property
    def passing(self) -> NDArray[np.bool_]:
        """Which candidates meet all criteria."""
        return np.asarray(self.candidates["dropped_by"] == "", bool)

    @property
    def shortlist(self) -> pd.DataFrame:
        """Those that meet all criteria, the first rank first."""
        return self.candidates[self.passing]

    @property
    def pairs(self) -> bool:
        """Whether each site has one element."""
        return not {"A2", "B2"} & {*self.candidates.columns}

    def has(self, *columns: str) -> bool:
        """Tell whether the candidates have a value in each of some columns."""
        return all(
            name in self.candidates and bool(self.candidates[name].notna().any())
            for name in columns
        )

    def tables(self, *columns: str) -> Iterator[pd.DataFrame]:
        """Yield some columns of all candidates, part by part where they are in parts."""
        if not self.parts:
            yield self.candidates[list(columns)]
        for path in self.parts:
            yield read_table(path, list(columns))

    def left_after(self, table: pd.DataFrame) -> list[NDArray[np.bool_]]:
        """Return which candidates of a table are left at the start and after each step."""
        left = np.ones(len(table), bool)
        found = [left]
        dropped = table["dropped_by"].to_numpy()
        for step in self.steps:
            left = left & (dropped != step["criterion"])
            found.append(left)
        return found

    def meets(self, step: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Tell which candidates meet a criterion by itself, whatever came before it."""
        values = self.candidates[step["column"]]
        if values.dtype == bool:
            return np.asarray(values, bool)
        limits, met = step["limits"], values.notna()
        for key, holds in HOLDS.items():
            if key in limits:
                met &= holds(values, limits[key])
        return np.asarray(met, bool)


HOLDS = {
    "above": pd.Series.gt,
    "at_least": pd.Series.ge,
    "below": pd.Series.lt,
    "at_most": pd.Series.le,
}
"""By the key of a limit, what a value has to be."""


def read_screening(folder: Path, document: dict[str, Any]) -> StoredScreening:
    """Read the tables beside a screening's document.

    Raises
    ------
    UserError
        If the candidates are not there.
    """
    place = folder / CANDIDATES
    parts = tuple(sorted(place.glob("*.parquet"))) if place.is_dir() else ()
    first = folder / SHORTLIST if parts else place
    if not first.is_file():
        raise UserError(
            f"{folder} has no candidates ({first.name} is missing), so there is nothing to draw; "
            f"run `{document.get('command', 'cetransfer screen')}` again"
        )
    table = read_shortlist(first) if parts else read_table(first)
    worth = folder / WORTH
    return StoredScreening(
        document,
        table.sort_values("rank", ignore_index=True),
        pd.read_csv(worth) if worth.is_file() else None,
        parts,
    )


def read_shortlist(path: Path) -> pd.DataFrame:
    """Read the first of the candidates that pass, of a screening in parts."""
    table = pd.read_csv(path)
    # an empty text is no missing number
    texts = [name for name in TEXTS if name in table]
    return table.assign(**{name: table[name].fillna("").astype(str) for name in texts})
