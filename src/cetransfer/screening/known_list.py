"""Compounds told apart by what stands on their sites, and the user's list of known ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.datasets.table_files import read_user_table
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.screening.own_list import sites_of_formula
from cetransfer.screening.spaces import ANION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from cetransfer.structures.prototypes import Prototype

REFERENCE = "reference"

SITES = ("A", "A2", "B", "B2", "X")


def key_of(on_a: Iterable[str], on_b: Iterable[str], on_x: str) -> tuple[str, ...]:
    """Return what tells a compound apart; the order of elements that share a site does not."""
    (a, a2), (b, b2) = (sorted(site, reverse=True) for site in (on_a, on_b))
    return a, a2, b, b2, on_x


def keys_of(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return what tells each compound of a table with columns A, B, X (and A2, B2) apart."""
    columns = [frame[site] if site in frame else [""] * len(frame) for site in SITES]
    return [key_of((a, a2), (b, b2), x) for a, a2, b, b2, x in zip(*columns, strict=True)]


def read_known(
    path: Path, prototype: Prototype
) -> tuple[dict[tuple[str, ...], str], dict[str, str]]:
    """Read a list of known compounds: the reference of each, and the SHA-256 of the file.

    Parameters
    ----------
    path
        A table with a column ``reference`` and one ``formula``, or columns A and B (X: oxygen).
    prototype
        Formulas of any other form are passed over: they are known as something else.

    Raises
    ------
    UserError
        If it cannot be read, lacks a column, or a row has no reference.
    """
    table = read_user_table(path)
    by_sites = {"A", "B"} <= {*table.columns} and "formula" not in table
    needed = (REFERENCE, *(("A", "B") if by_sites else ("formula",)))
    for column in needed:
        if column not in table:
            raise UserError(
                f"known={path} has no column {column!r}; it needs {', '.join(needed)} and has "
                f"{', '.join(map(str, table.columns[:12]))}"
            )
    if by_sites:
        pairs = zip(table["A"], table["B"], strict=True)
        formulas = [prototype.formula({"A": a, "B": b, "X": ANION}) for a, b in pairs]
    else:
        formulas = table["formula"].tolist()
    found: dict[tuple[str, ...], list[str]] = {}
    for row, formula, reference in zip(table.index, formulas, table[REFERENCE], strict=True):
        if not isinstance(reference, str) or not reference.strip():
            raise UserError(f"{path}: row {row} ({formula}) has no reference; say where it is from")
        try:
            sites = sites_of_formula(formula, prototype)
        except UserError:
            continue
        key = key_of((sites["A"], sites["A2"]), (sites["B"], sites["B2"]), sites["X"])
        found.setdefault(key, []).append(reference.strip())
    if not found:
        raise UserError(
            f"known={path}: no row is a {prototype.name} {prototype.formula_template}; "
            "give a list of such compounds"
        )
    joined = {key: "; ".join(dict.fromkeys(each)) for key, each in found.items()}
    return joined, {str(path): sha256(path)}
