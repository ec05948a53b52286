"""The user's own table as the subject of an audit: its rows as they stand, good or bad.

Unlike `cetransfer.datasets.tabular`, which refuses what it cannot use, this keeps every row whose
compound can be told, so that the audit can say what is wrong with the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.audit.finding import Subject
from cetransfer.datasets.dataset import SHOWN
from cetransfer.datasets.table_files import read_user_table
from cetransfer.datasets.tabular_rows import (
    Rows,
    column_of,
    from_formulas,
    from_sites,
    numbers_of,
)
from cetransfer.datasets.units import UNITS
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.structures.prototypes import PROTOTYPES, prototype_hashes, prototype_named

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.settings_data import AuditSettings
    from cetransfer.structures.prototypes import Prototype


def is_table(name: str) -> bool:
    """Tell whether SOURCE or TARGET of an audit is a file, by its ending."""
    return bool(Path(name).suffix)


def read_subject(name: str, settings: AuditSettings) -> tuple[Subject, dict[str, str]]:
    """Return a table as it stands in its file, and the hash of the file.

    Parameters
    ----------
    name
        Path of a CSV, parquet or xlsx file.
    settings
        Prototype of all rows, unit of the formation energies, and names of columns. Where the table
        has columns A and B, these say what is on the sites, else the formulas do. Total energies
        are in eV/atom.

    Raises
    ------
    UserError
        If a key has no or no possible value, the file cannot be read, a column is missing, no
        energy is a number, or no row can be read.
    """
    prototype = _prototype(settings.prototype)
    factor, per = _unit(settings.unit)
    path = Path(name)
    table = read_user_table(path)
    columns = settings.columns
    rows = _compounds(table, prototype, columns.formula, path)
    frame, problems = rows.frame, rows.problems
    energies = numbers_of(table, columns.energy, path, "columns.energy")
    frame["formation_energy"] = energies * factor / (1 if per == "atom" else rows.atoms)
    if columns.total_energy in table:
        key = "columns.total_energy"
        frame["total_energy_per_atom"] = numbers_of(table, columns.total_energy, path, key)
    # row numbers in the file count from 1, those of a subject from 0
    frame.index = frame.index - 1
    bad = problems.to_numpy() != ""
    unusable: list[dict[str, Any]] = [
        {"row": int(row), "formula": formula, "problem": problem}
        for row, formula, problem in zip(
            problems.index[bad], frame["formula"][bad], problems[bad], strict=True
        )
    ]
    if bad.all():
        told = "; ".join(f"row {each['row']}: {each['problem']}" for each in unusable[:SHOWN])
        raise UserError(f"{name}: no row can be read as {prototype.name} ({told})")
    chosen = str(settings.prototype)
    subject = Subject(path.name, frame[~bad], chosen, unusable=unusable)
    return subject, {path.name: sha256(path), **prototype_hashes(chosen)}


def _unit(unit: str) -> tuple[float, str]:
    # without structures nothing says how many atoms a cell has
    possible = {name: size for name, size in UNITS.items() if size[1] != "cell"}
    if unit not in possible:
        raise UserError(f"unit={unit} is not known; choose from {', '.join(possible)}")
    return possible[unit]


def _prototype(name: str | None) -> Prototype:
    if name is None:
        raise UserError(f"a table needs prototype=NAME; choose from {', '.join(PROTOTYPES)}")
    return prototype_named(name)


def _compounds(table: pd.DataFrame, prototype: Prototype, formula: str | None, path: Path) -> Rows:
    """Return formula and sites of every row, as its formula and its columns of elements say."""
    key = "columns.formula"
    if formula is None:
        return from_sites(table, prototype, path, key)
    rows = from_formulas(column_of(table, formula, path, key), prototype)
    cations = [role for role in prototype.roles if role != "X"]
    if set(cations) <= set(table.columns):
        roles = list(prototype.roles)
        named = from_sites(table, prototype, path, key).frame[roles]
        other = [
            sorted(one) != sorted(two)
            for one, two in zip(
                rows.frame[roles].itertuples(index=False, name=None),
                named.itertuples(index=False, name=None),
                strict=True,
            )
        ]
        columns = " and ".join(cations)
        rows.refuse(np.array(other), f"columns {columns} name other elements than the formula")
        rows.frame[roles] = named
    return rows
