"""The user's own table: formulas or elements, an energy in a stated unit, one prototype."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.dataset import ELEMENTS, SHOWN, Dataset
from cetransfer.datasets.formulas import elements_on_sites
from cetransfer.datasets.labelled import doubts, labelled_by, same_cell
from cetransfer.datasets.table_files import read_user_table
from cetransfer.datasets.units import KJ_PER_MOL
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.structures.prototypes import prototype_hashes, prototype_named

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.settings import NamedData, TableColumns
    from cetransfer.structures.prototypes import Prototype

UNITS = {"eV/atom": 1.0, "eV/formula unit": 1.0, "kJ/mol": 1.0 / KJ_PER_MOL}
"""eV per unit; all but the first are divided by the atoms of the formula as written."""

LARGEST_ENERGY = 20.0
"""eV/atom: no formation energy of a compound comes near, a value in another unit soon does."""

ON_BAD_ROWS = ("refuse", "drop")


def load_tabular(chosen: NamedData, key: str, root: Path) -> Dataset:
    """Read a table of labelled compositions of one prototype.

    Parameters
    ----------
    chosen
        Path, prototype, unit, columns, and what to do with rows that cannot be used.
    key
        Where `chosen` stands in the configuration, for messages: ``"dataset.target"``.
    root
        Not used: a path is relative to where the command runs.

    Returns
    -------
    Dataset
        Formation energies in eV/atom; formulas as in the file.

    Raises
    ------
    UserError
        If a key has no or no possible value, the file cannot be read, a column is missing, or
        naming the rows that cannot be used.
    """
    del root
    path, prototype, unit, columns = _checked(chosen, key)
    table = read_user_table(path)
    frame, problems = _mapped(table, prototype, unit, columns, f"{path}", key)
    bad = problems != ""
    form = f"{prototype.name} ({prototype.formula_template}, space group {prototype.space_group})"
    notes = [f"{path}: {unit} taken as formation energy; prototype {form}"]
    if bad.any():
        listed = "; ".join(
            f"row {number} ({frame['formula'][number]}): {problems[number]}"
            for number in frame.index[bad][:SHOWN]
        )
        more = f"; and {bad.sum() - SHOWN} more" if bad.sum() > SHOWN else ""
        found = f"{bad.sum()} of {len(frame)} rows cannot be used: {listed}{more}"
        if chosen.on_bad_rows != "drop":
            raise UserError(
                f"{path}: {found}. Correct them, or leave them out with {key}.on_bad_rows=drop"
            )
        if bad.all():
            raise UserError(f"{path}: {found}. No row is left; correct them")
        notes.append(f"{path}: left out (on_bad_rows=drop): {found}")
    frame = frame[~bad].reset_index(drop=True)
    named = str(chosen.prototype)
    hashes = {str(path): sha256(path), **prototype_hashes(named)}
    if not same_cell(table, prototype):
        notes.append(f"{path}: labelled with another version of {named}; label again")
    return Dataset(path.stem, frame, named, hashes, tuple(notes), labelled_by(table))


def _checked(chosen: NamedData, key: str) -> tuple[Path, Prototype, str, TableColumns]:
    """Check the keys of a tabular data set."""
    for name, example in (
        ("path", "my.csv"),
        ("prototype", "perovskite"),
        ("unit", "eV/atom"),
        ("columns", "{formula:formula,energy:energy}"),
    ):
        if getattr(chosen, name) is None:
            raise UserError(
                f"{key}.{name} has no value; give {key}.{name}=..., for example {example}"
            )
    assert chosen.path and chosen.prototype and chosen.unit and chosen.columns  # noqa: PT018, S101
    unit = chosen.unit.replace("_", " ")
    if unit not in UNITS:
        raise UserError(f"{key}.unit={chosen.unit} is unknown; allowed: {', '.join(UNITS)}")
    if chosen.on_bad_rows not in ON_BAD_ROWS:
        raise UserError(
            f"{key}.on_bad_rows={chosen.on_bad_rows} is unknown; allowed: {', '.join(ON_BAD_ROWS)}"
        )
    return Path(chosen.path), prototype_named(chosen.prototype), unit, chosen.columns


def _mapped(
    table: pd.DataFrame,
    prototype: Prototype,
    unit: str,
    columns: TableColumns,
    where: str,
    key: str,
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows as a data set has them, and for each what is wrong with it ("" if fine)."""
    import pandas as pd

    atoms: int | pd.Series
    energies = _energies(table, columns.energy, where, f"{key}.columns.energy")
    if columns.formula is None:
        frame, atoms, problems = _from_sites(table, prototype, where, key)
    else:
        formulas = _column(table, columns.formula, where, f"{key}.columns.formula")
        frame, atoms, problems = _from_formulas(formulas, prototype)
    frame["formation_energy"] = energies * UNITS[unit] / (1 if unit == "eV/atom" else atoms)
    problems = problems.mask(problems == "", doubts(table))
    value = frame["formation_energy"].to_numpy(np.float64)
    absurd = f"the energy is beyond {LARGEST_ENERGY:g} eV/atom; check the unit"
    repeated = frame.duplicated(list(prototype.roles))
    spread = frame.groupby(list(prototype.roles), dropna=False)["formation_energy"]
    unequal = spread.transform("max") != spread.transform("min")
    for wrong, reason in (
        (~np.isfinite(value), "the energy is no finite number"),
        (np.abs(value) > LARGEST_ENERGY, absurd),
        (unequal.to_numpy(), "the compound has two energies; keep one"),
        (repeated.to_numpy(), "the row repeats an earlier one; keep one"),
    ):
        problems = problems.mask(pd.Series(wrong, index=frame.index) & (problems == ""), reason)
    return frame, problems


def _column(table: pd.DataFrame, name: str, where: str, key: str) -> pd.Series:
    if name not in table:
        there = ", ".join(map(str, table.columns[:12]))
        raise UserError(f"{where} has no column {name!r}; columns: {there}; set {key}=NAME")
    column: pd.Series = table[name]
    return column


def _energies(table: pd.DataFrame, name: str, where: str, key: str) -> pd.Series:
    """Return the energies as numbers, NaN where they are none."""
    import pandas as pd

    column = _column(table, name, where, key)
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    if numbers.isna().all():
        raise UserError(
            f"{where}: column {name!r} holds no numbers ({column.iloc[0]!r} in row "
            f"{table.index[0]}); use points in decimals, or set {key} to the energies"
        )
    return numbers


def _from_formulas(
    formulas: pd.Series, prototype: Prototype
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return formula and sites, atoms in each formula, and what is wrong with it."""
    import pandas as pd

    empty = dict.fromkeys(prototype.roles, "")
    known: dict[object, tuple[dict[str, str], int, str]] = {}
    for formula in formulas.unique():
        try:
            known[formula] = (*elements_on_sites(formula, prototype), "")
        except UserError as error:
            known[formula] = (empty, 1, str(error))
    rows = [known[formula] for formula in formulas]
    frame = pd.DataFrame([sites for sites, _, _ in rows], index=formulas.index)
    frame.insert(0, "formula", formulas.astype(str))
    return (
        frame,
        pd.Series([atoms for _, atoms, _ in rows], index=formulas.index),
        pd.Series([problem for _, _, problem in rows], index=formulas.index),
    )


def _from_sites(
    table: pd.DataFrame, prototype: Prototype, where: str, key: str
) -> tuple[pd.DataFrame, int, pd.Series]:
    """Return the same for a table with a column of elements for each role; X may be missing."""
    import pandas as pd

    roles = [role for role in prototype.roles if role != "X" or "X" in table]
    frame = pd.DataFrame(
        {role: _column(table, role, where, f"{key}.columns.formula") for role in roles}
    ).astype(str)
    if "X" not in frame:
        frame["X"] = "O"
    compounds = zip(*(frame[role] for role in prototype.roles), strict=True)
    names = [prototype.formula(dict(zip(prototype.roles, one, strict=True))) for one in compounds]
    frame.insert(0, "formula", names)
    unknown = ~frame[list(prototype.roles)].isin(ELEMENTS).all(axis=1)
    problems = pd.Series("", index=frame.index).mask(unknown, "a site holds no element symbol")
    return frame, sum(prototype.counts.values()), problems
