"""The user's own table as the subject of an audit: its rows as they stand, good or bad.

Unlike `cetransfer.datasets.tabular`, which refuses what it cannot use, this keeps every row whose
compound can be told, so that the audit can say what is wrong with the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cetransfer.datasets.audit.finding import Subject
from cetransfer.datasets.dataset import ELEMENTS, SHOWN
from cetransfer.datasets.formulas import elements_on_sites
from cetransfer.datasets.table_files import read_user_table
from cetransfer.datasets.units import UNITS
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.structures.prototypes import PROTOTYPES, prototype_hashes, prototype_named

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.settings import AuditSettings
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
    frame, atoms, problems = _compounds(table, prototype, columns.formula, name)
    energies = _numbers(table, columns.energy, name, "columns.energy")
    frame["formation_energy"] = energies * factor / (1 if per == "atom" else atoms)
    if columns.total_energy in table:
        key = "columns.total_energy"
        frame["total_energy_per_atom"] = _numbers(table, columns.total_energy, name, key)
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


def _compounds(
    table: pd.DataFrame, prototype: Prototype, formula: str | None, where: str
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return formula and sites, atoms in each formula, and what is wrong with it ("" if fine)."""
    import pandas as pd

    roles = prototype.roles
    if formula is None:
        frame = _sites(table, roles, where)
        frame.insert(0, "formula", [prototype.formula(each) for each in _records(frame)])
        atoms = pd.Series(sum(prototype.counts.values()), index=table.index)
        known = frame[list(roles)].isin(ELEMENTS).all(axis=1)
        return frame, atoms, pd.Series("", table.index).mask(~known, "a site holds no element")
    if formula not in table:
        raise _missing(table, formula, where, "columns.formula")
    read: dict[object, tuple[dict[str, str], int, str]] = {}
    for text in table[formula].unique():
        try:
            read[text] = (*elements_on_sites(text, prototype), "")
        except UserError as error:
            read[text] = (dict.fromkeys(roles, ""), 1, str(error))
    rows = [read[text] for text in table[formula]]
    frame = pd.DataFrame([sites for sites, _, _ in rows], index=table.index)
    atoms = pd.Series([count for _, count, _ in rows], index=table.index)
    problems = pd.Series([problem for _, _, problem in rows], index=table.index)
    cations = [role for role in roles if role != "X"]
    if set(cations) <= set(table.columns):
        named = _sites(table, roles, where)
        same = pd.Series(
            [
                sorted(one.values()) == sorted(other.values())
                for one, other in zip(_records(frame), _records(named), strict=True)
            ],
            index=table.index,
        )
        wrong = ~same & (problems == "")
        columns = " and ".join(cations)
        problems = problems.mask(wrong, f"columns {columns} name other elements than the formula")
        frame = named
    frame.insert(0, "formula", table[formula].astype(str))
    return frame, atoms, problems


def _sites(table: pd.DataFrame, roles: tuple[str, ...], where: str) -> pd.DataFrame:
    """Return the columns of elements; X is oxygen where there is none."""
    for role in roles:
        if role not in table and role != "X":
            raise _missing(table, role, where, "columns.formula")
    frame = table[[role for role in roles if role in table]].astype(str)
    return frame.assign(X=frame.get("X", "O"))[list(roles)]


def _records(frame: pd.DataFrame) -> list[dict[str, str]]:
    columns = list(frame.columns)
    return [dict(zip(columns, row, strict=True)) for row in frame.itertuples(index=False)]


def _numbers(table: pd.DataFrame, name: str, where: str, key: str) -> pd.Series:
    """Return a column as numbers, NaN where there are none."""
    import pandas as pd

    if name not in table:
        raise _missing(table, name, where, key)
    values = pd.to_numeric(table[name], errors="coerce").astype("float64")
    if values.isna().all():
        raise UserError(
            f"{where}: column {name!r} holds no numbers ({table[name].iloc[0]!r} in row "
            f"{table.index[0]}); use points in decimals, or set {key}=NAME"
        )
    return values


def _missing(table: pd.DataFrame, name: str, where: str, key: str) -> UserError:
    there = ", ".join(map(str, table.columns[:12]))
    return UserError(f"{where} has no column {name!r}; columns: {there}; set {key}=NAME")
