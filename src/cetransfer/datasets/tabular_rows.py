"""From the cells of the user's own table to the rows of a data set, each with what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.dataset import ELEMENTS
from cetransfer.datasets.formulas import elements_on_sites
from cetransfer.datasets.labelled import doubts
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.roles import Wanted
    from cetransfer.datasets.units import Measure
    from cetransfer.settings import TableColumns
    from cetransfer.structures.packed import PackedStructures
    from cetransfer.structures.prototypes import Prototype

LARGEST_ENERGY = 20.0
"""eV/atom: no formation energy of a compound comes near, a value in another unit soon does."""


@dataclass(frozen=True)
class Wish:
    """What the user says of the table; `key` is where, `folder` where its structure files are."""

    path: Path
    prototype: Prototype | None
    measure: Measure
    columns: TableColumns
    folder: Path
    key: str


@dataclass
class Rows:
    """Rows as a data set has them, indexed by their number in the file.

    `atoms` in the formula as written, `problems` for each row ("" if it is fine), `structures` one
    for each row, `hashes` of the structures' files, `odd_anions` the number of formulas whose last
    element is not the most electronegative.
    """

    frame: pd.DataFrame
    atoms: pd.Series
    problems: pd.Series
    structures: PackedStructures | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    odd_anions: int = 0

    def refuse(self, wrong: np.ndarray | pd.Series, reason: str) -> None:
        """Note what is wrong with rows that nothing else is wrong with."""
        self.problems = self.problems.mask(np.asarray(wrong) & (self.problems == ""), reason)


def mapped(table: pd.DataFrame, wish: Wish, cache: Path) -> Rows:
    """Return the rows of a table, good and bad.

    Parameters
    ----------
    table
        Indexed by row number.
    wish
        Columns, prototype and unit.
    cache
        Folder for structures that were read.

    Raises
    ------
    UserError
        If a column is missing, or the labels are no numbers.
    """
    columns, where = wish.columns, wish.path
    labels = numbers_of(table, columns.energy, where, f"{wish.key}.columns.energy")
    if columns.group is not None:
        groups = column_of(table, columns.group, where, f"{wish.key}.columns.group")
    rows = _compounds(table, wish)
    if columns.structure is not None:
        cells = column_of(table, columns.structure, where, f"{wish.key}.columns.structure")
        _add_structures(rows, cells, wish, cache)
    quantity = wish.measure.quantity
    rows.frame[quantity] = labels * wish.measure.factor / _atoms_of_label(rows, wish.measure.per)
    if columns.group is not None:
        missing = groups.isna() | (groups.astype(str).str.strip() == "")
        rows.frame["group"] = groups.astype(str).str.strip()
        rows.refuse(missing, f"column {columns.group} is empty; every row needs its group")
    rows.frame["row"] = table.index
    rows.problems = rows.problems.mask(rows.problems == "", doubts(table))
    what = "energy" if wish.measure.is_energy else quantity
    value = rows.frame[quantity].to_numpy(np.float64)
    rows.refuse(~np.isfinite(value), f"the {what} is no finite number")
    if wish.measure.is_energy:
        limit = f"{LARGEST_ENERGY:g} eV/atom"
        rows.refuse(np.abs(value) > LARGEST_ENERGY, f"the energy is beyond {limit}; check the unit")
    _refuse_repeated(rows, quantity, "two energies" if wish.measure.is_energy else "two labels")
    return rows


def _atoms_of_label(rows: Rows, per: str) -> NDArray[np.int64]:
    """Return how many atoms the label of each row belongs to (n,)."""
    if per == "cell" and rows.structures is not None:
        return np.maximum(rows.structures.sizes, 1)
    if per == "formula unit":
        return rows.atoms.to_numpy(np.int64)
    return np.ones(len(rows.frame), np.int64)


def _refuse_repeated(rows: Rows, quantity: str, two: str) -> None:
    """Refuse rows of one compound; polymorphs, compounds of one formula, differ in structure."""
    fine = (rows.problems == "").to_numpy()
    same = [role for role in ("A", "B", "C", "X") if role in rows.frame]
    compounds = rows.frame[same].assign(label=rows.frame[quantity])
    what = "compound"
    if rows.structures is not None:
        compounds = compounds.assign(structure=rows.structures.digests())
        same, what = [*same, "structure"], "structure"
    # a bad row is no reason to refuse a good one
    compounds = compounds[fine]
    label = compounds.groupby(same, dropna=False)["label"]
    unequal = label.transform("max") != label.transform("min")
    for wrong, reason in (
        (unequal, f"the {what} has {two}; keep one"),
        (compounds.duplicated(same), "the row repeats an earlier one; keep one"),
    ):
        rows.refuse(wrong.reindex(rows.frame.index, fill_value=False), reason)


def column_of(table: pd.DataFrame, name: str, where: Path, key: str) -> pd.Series:
    """Return a column of the user's table.

    Parameters
    ----------
    table, where
        The table and its file.
    name, key
        The column, and the key of the configuration that names it.

    Raises
    ------
    UserError
        If there is no such column, naming those that there are.
    """
    if name not in table:
        there = ", ".join(map(str, table.columns[:12]))
        raise UserError(f"{where} has no column {name!r}; columns: {there}; set {key}=NAME")
    column: pd.Series = table[name]
    return column


def numbers_of(table: pd.DataFrame, name: str, where: Path, key: str) -> pd.Series:
    """Return a column as numbers, NaN where there are none; arguments as `column_of`.

    Raises
    ------
    UserError
        If there is no such column, or no number in it.
    """
    import pandas as pd

    column = column_of(table, name, where, key)
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    if numbers.isna().all():
        raise UserError(
            f"{where}: column {name!r} holds no numbers ({column.iloc[0]!r} in row "
            f"{table.index[0]}); use points in decimals, or set {key} to the column with numbers"
        )
    return numbers


def _compounds(table: pd.DataFrame, wish: Wish) -> Rows:
    """Return formula and sites as the table's columns give them, as far as they do."""
    import pandas as pd

    key = f"{wish.key}.columns.formula"
    if wish.columns.formula is not None:
        formulas = column_of(table, wish.columns.formula, wish.path, key)
        if wish.columns.structure is not None:
            frame = pd.DataFrame({"formula": formulas.astype(str)})
            return Rows(frame, _ones(table), _nothing_wrong(table))
        assert wish.prototype is not None  # noqa: S101 - without structures there is one
        return from_formulas(formulas, wish.prototype)
    if wish.prototype is not None:
        return from_sites(table, wish.prototype, wish.path, key)
    return Rows(
        pd.DataFrame({"formula": ""}, index=table.index), _ones(table), _nothing_wrong(table)
    )


def from_formulas(formulas: pd.Series, prototype: Prototype) -> Rows:
    """Put the elements of formulas (n,) on the sites of a prototype."""
    import pandas as pd

    empty = dict.fromkeys(prototype.roles, "")
    known: dict[object, tuple[dict[str, str], int, str]] = {}
    for formula in formulas.unique():
        try:
            known[formula] = (*elements_on_sites(formula, prototype), "")
        except UserError as error:
            known[formula] = (empty, 1, str(error))
    found = [known[formula] for formula in formulas]
    frame = pd.DataFrame([sites for sites, _, _ in found], index=formulas.index)
    frame.insert(0, "formula", formulas.astype(str))
    return Rows(
        frame,
        pd.Series([atoms for _, atoms, _ in found], index=formulas.index),
        pd.Series([problem for _, _, problem in found], index=formulas.index),
    )


def from_sites(table: pd.DataFrame, prototype: Prototype, where: Path, key: str) -> Rows:
    """Return the same for a table with a column of elements for each role; X may be missing.

    Raises
    ------
    UserError
        If the column of another role is missing; `where` and `key` as for `column_of`.
    """
    import pandas as pd

    roles = [role for role in prototype.roles if role != "X" or "X" in table]
    frame = pd.DataFrame({role: column_of(table, role, where, key) for role in roles}).astype(str)
    if "X" not in frame:
        frame["X"] = "O"
    compounds = zip(*(frame[role] for role in prototype.roles), strict=True)
    names = [prototype.formula(dict(zip(prototype.roles, one, strict=True))) for one in compounds]
    frame.insert(0, "formula", names)
    rows = Rows(frame, _ones(table) * sum(prototype.counts.values()), _nothing_wrong(table))
    unknown = ~frame[list(prototype.roles)].isin(ELEMENTS).all(axis=1)
    rows.refuse(unknown, "a site holds no element symbol")
    return rows


def _add_structures(rows: Rows, cells: pd.Series, wish: Wish, cache: Path) -> None:
    """Read the structures, and take sites, formulas and atoms from them where nothing else says."""
    import pandas as pd

    from cetransfer.datasets.roles import (
        is_odd_anion,
        wanted_by_formula,
        wanted_by_prototype,
    )
    from cetransfer.datasets.structure_table import read_structures

    known: dict[str, tuple[Wanted | None, int, str]] = {"": (None, 1, "")}
    if wish.columns.formula is not None or wish.prototype is not None:
        known = {}
        for formula in rows.frame["formula"].unique():
            try:
                wanted = (
                    wanted_by_formula(formula)
                    if wish.prototype is None
                    else wanted_by_prototype(formula, wish.prototype)
                )
                known[formula] = (*wanted, "")
            except UserError as error:
                known[formula] = (None, 1, str(error))
    found = [known[formula] for formula in rows.frame["formula"]]
    rows.problems = rows.problems.mask(
        rows.problems == "", pd.Series([problem for _, _, problem in found], index=cells.index)
    )
    read = read_structures(
        cells.where(rows.problems == "", None).tolist(),
        [wanted for wanted, _, _ in found],
        wish.folder,
        cache,
    )
    named = [
        f"{problem and _name(cell)}{problem}"
        for cell, problem in zip(cells, read.problems, strict=True)
    ]
    problems = pd.Series(named, index=cells.index)
    rows.problems = rows.problems.mask(rows.problems == "", problems)
    rows.structures = read.structures
    rows.hashes = {f"{wish.path}:structures": read.sha256}
    on_roles = pd.DataFrame(read.structures.elements(), index=cells.index)
    for role in ("A", "B", "C", "X"):
        if role in on_roles:
            rows.frame[role] = on_roles[role].fillna("")
    rows.atoms = pd.Series([atoms for _, atoms, _ in found], index=cells.index)
    if wish.prototype is None:
        if wish.columns.formula is None:
            rows.frame["formula"], rows.atoms = _by_composition(read.structures, cells.index)
        else:
            rows.odd_anions = sum(
                is_odd_anion(wanted) for wanted, _, _ in known.values() if wanted is not None
            )


def _by_composition(structures: PackedStructures, index: pd.Index) -> tuple[pd.Series, pd.Series]:
    """Write the reduced formula of every structure in the order of its roles; count its atoms."""
    import pandas as pd

    written = structures.formulas()
    return (
        pd.Series([formula for formula, _ in written], index=index),
        pd.Series([atoms for _, atoms in written], index=index),
    )


def _name(cell: object) -> str:
    """Name a structure by its file, if it has one."""
    text = str(cell).strip()
    is_file = text and len(text) <= 100 and "\n" not in text and not text.startswith("{")  # noqa: PLR2004
    return f"structure {text}: " if is_file else "structure: "


def _ones(table: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(1, index=table.index)


def _nothing_wrong(table: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series("", index=table.index)
