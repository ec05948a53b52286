"""A data set in memory, and the checks every data set passes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.structures.packed import ROLES
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.structures.packed import PackedStructures

SITES = ("A", "B", "X")

FORMATION_ENERGY = "formation_energy"

SHOWN = 5
"""How many bad rows a message names."""

_SYMBOLS = """
    H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br
    Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho
    Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es
    Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
ELEMENTS = frozenset(_SYMBOLS.split())


@dataclass(frozen=True)
class Dataset:
    """Labelled compositions of one prototype, or labelled structures.

    Parameters
    ----------
    name
        Key in the catalogue.
    frame
        Columns ``formula``, one for each role of the prototype (``A``, ``B``, ``X``: element
        symbols), one named by `quantity` with the labels, and further ones of the origin, units in
        their names; ``row`` is the row of the file, from 1, where rows were left out or it is the
        user's own, and ``group`` the user's own group.
        Index 0, 1, 2, ...
    prototype
        As `cetransfer.structures.prototypes.prototype_named` takes it, a name or a .cif path; may
        be None where there are structures.
    hashes
        SHA-256 of every file the rows were read from, by file name.
    notes
        What the user should know, one line each.
    rests_on
        Whose calculations the labels rest on, also indirectly.
    quantity, unit
        Column of the labels, and their unit; a formation energy is always in eV/atom.
    structures
        One for each row, sites with roles: then features come from them, a role may hold several
        elements (``"Ba,Sr"``) or be missing (``""``), and a compound may occur in several forms.

    Raises
    ------
    UserError
        See `check`.
    """

    name: str
    frame: pd.DataFrame
    prototype: str | None
    hashes: dict[str, str]
    notes: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    quantity: str = FORMATION_ENERGY
    unit: str = "eV/atom"
    structures: PackedStructures | None = None

    def __post_init__(self) -> None:
        if self.structures is None:
            check(self.frame, self.name, self.roles, self.quantity)
        else:
            check_structures(self.frame, self.name, len(self.structures), self.quantity)

    @property
    def roles(self) -> tuple[str, ...]:
        """Columns with the elements of the sites."""
        if self.structures is not None:
            return tuple(role for role in ROLES if role in self.frame)
        if self.prototype is None:
            raise UserError(f"data set {self.name} has neither a prototype nor structures")
        return prototype_named(self.prototype).roles

    @property
    def labels(self) -> NDArray[np.float64]:
        """The labels (n,) in `unit`."""
        return self.frame[self.quantity].to_numpy(np.float64)

    def keep(self, rows: NDArray[np.bool_]) -> Dataset:
        """Return the data set with these rows (n,) only; everything that goes by row goes along.

        The rows keep their numbers, in the column ``row``.
        """
        structures = None if self.structures is None else self.structures.take(rows.nonzero()[0])
        numbered = self.frame.assign(row=row_numbers(self.frame))
        frame = numbered.loc[rows].reset_index(drop=True)
        return replace(self, frame=frame, structures=structures)

    def noted(self, *notes: str) -> Dataset:
        """Return the data set with further notes."""
        return replace(self, notes=(*self.notes, *notes))


def check(
    frame: pd.DataFrame,
    name: str,
    sites: tuple[str, ...] = SITES,
    quantity: str = FORMATION_ENERGY,
) -> None:
    """Refuse a table that would give wrong results silently.

    Raises
    ------
    UserError
        If the table is empty or lacks a column, or naming the rows with an unknown element, a
        label that is no finite number, or the same elements on all `sites` that occur twice.
    """
    required = ("formula", *sites, quantity)
    missing = [column for column in required if column not in frame]
    if missing:
        raise UserError(
            f"data set {name} lacks the column {missing[0]}; needed: {', '.join(required)}"
        )
    if frame.empty:
        raise UserError(f"data set {name} has no rows")
    for site in sites:
        unknown = ~frame[site].isin(ELEMENTS).to_numpy()
        if unknown.any():
            symbols = ", ".join(map(repr, frame.loc[unknown, site].unique()[:SHOWN]))
            raise UserError(
                f"data set {name}: column {site} holds {symbols}, no element symbol, in "
                f"{rows_named(frame, unknown)}; correct or leave out these rows"
            )
    _refuse_not_finite(frame, name, quantity)
    twice = frame.duplicated(list(sites), keep=False).to_numpy()
    if twice.any():
        raise UserError(
            f"data set {name}: the same {', '.join(sites[:-1])} and {sites[-1]} occur more than "
            f"once in {rows_named(frame, twice)}; keep one row of each"
        )


def check_structures(frame: pd.DataFrame, name: str, count: int, quantity: str) -> None:
    """Refuse a table whose rows do not go with its `count` structures.

    Raises
    ------
    UserError
        If there are more or fewer structures than rows, a column is missing, or naming the rows
        with a label that is no finite number.
    """
    for column in ("formula", "A", quantity):
        if column not in frame:
            raise UserError(f"data set {name} lacks the column {column}")
    if frame.empty or len(frame) != count:
        raise UserError(f"data set {name} has {len(frame)} rows and {count} structures")
    _refuse_not_finite(frame, name, quantity)


def _refuse_not_finite(frame: pd.DataFrame, name: str, quantity: str) -> None:
    bad = ~_finite(frame[quantity])
    if bad.any():
        raise UserError(
            f"data set {name}: {quantity} is not a finite number in "
            f"{rows_named(frame, bad)}; correct or leave out these rows"
        )


def row_numbers(frame: pd.DataFrame) -> np.ndarray:
    """Return the number of each row (n,) in the file it was read from, from 1."""
    numbers: np.ndarray = (
        frame["row"].to_numpy() if "row" in frame else np.arange(1, len(frame) + 1)
    )
    return numbers


def rows_named(frame: pd.DataFrame, chosen: np.ndarray) -> str:
    """Name the chosen rows (bool array) by number, from 1, and formula; at most five of them."""
    numbers = np.flatnonzero(chosen)
    named = [f"{i + 1} ({frame['formula'].iloc[i]})" for i in numbers[:SHOWN]]
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"{'row' if len(numbers) == 1 else 'rows'} {', '.join(named)}{more}"


def _finite(column: pd.Series) -> np.ndarray:
    """Tell which values are finite numbers; text is not."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    finite: np.ndarray = np.isfinite(values)
    return finite
