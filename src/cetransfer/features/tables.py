"""Element property tables that ship with the package."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray

TABLES = ("open", "li2023")


@dataclass(frozen=True)
class PropertyTable:
    """Numbers that describe an element.

    Parameters
    ----------
    name
        ``"open"`` or ``"li2023"``.
    elements
        Symbols, one per row.
    columns
        Property names; units and sources stand in ``<name>_columns.csv`` beside the table.
    values : float64 array (n_elements, n_columns)
        Finite everywhere.
    imputed
        (element, column) of every value that was not found in a source.
    sha256
        Hash of the table's file.
    """

    name: str
    elements: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    imputed: tuple[tuple[str, str], ...]
    sha256: str

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {element: row for row, element in enumerate(self.elements)}

    def positions(self, symbols: Sequence[str], owner: Callable[[int], str]) -> NDArray[np.intp]:
        """Return the row of each symbol.

        Parameters
        ----------
        symbols
            Element symbols.
        owner
            Tells whose the i-th symbol is, for the message: for example ``"row 3 (XePt2O4)"``.

        Raises
        ------
        UserError
            If the table does not know an element.
        """
        rows = self._rows
        try:
            return np.array([rows[symbol] for symbol in symbols], dtype=np.intp)
        except KeyError:
            number, symbol = next(pair for pair in enumerate(symbols) if pair[1] not in rows)
        other = next(name for name in TABLES if name != self.name)
        hint = f"use features.table={other} or " if symbol in load_table(other)._rows else ""  # noqa: SLF001
        raise UserError(
            f"{owner(number)}: element {symbol} is not in the property table {self.name} "
            f"({len(rows)} elements); {hint}leave the row out"
        )


@lru_cache(maxsize=len(TABLES))
def load_table(name: str) -> PropertyTable:
    """Read a property table of the package.

    ``open``: Z = 1 to 94 from pymatgen and mendeleev, see `cetransfer.features.build_open_table`.
    ``li2023``: 74 elements, the 56 properties behind the tables released with Li et al., npj
    Comput. Mater. 9:106 (2023), worked out from those tables.

    Raises
    ------
    UserError
        If there is no table of that name.
    """
    if name not in TABLES:
        raise UserError(f"features.table={name} is unknown; allowed: {', '.join(TABLES)}")
    folder = files("cetransfer.features") / "data"
    content = (folder / f"{name}.csv").read_bytes()
    header, *rows = csv.reader(content.decode().splitlines())
    values = np.array([row[1:] for row in rows], dtype=np.float64)
    values.setflags(write=False)
    return PropertyTable(
        name=name,
        elements=tuple(row[0] for row in rows),
        columns=tuple(header[1:]),
        values=values,
        imputed=_imputed(folder / f"{name}_imputed.csv"),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _imputed(file: Traversable) -> tuple[tuple[str, str], ...]:
    """Read which values a source did not give; a table without such a file has none."""
    if not file.is_file():
        return ()
    _, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    return tuple((row[0], row[1]) for row in rows)
