"""What a model is asked about: formulas, tables and structures, put on the sites it knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
import pandas as pd

from cetransfer.datasets.dataset import SHOWN
from cetransfer.datasets.table_files import ENDINGS as TABLES
from cetransfer.datasets.table_files import read_user_table
from cetransfer.datasets.tabular_rows import column_of, from_formulas, from_sites
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core import Structure

    from cetransfer.datasets.tabular_rows import Rows
    from cetransfer.models.compounds import Kind
    from cetransfer.structures.prototypes import Prototype

Input: TypeAlias = Union[str, Path, "pd.DataFrame", "Structure"]

STRUCTURES = (".cif", ".vasp", ".poscar", ".json")
"""Endings of files with one structure each."""


@dataclass(frozen=True)
class Asked:
    """Compounds to predict.

    Parameters
    ----------
    frame
        ``formula`` and the element on each site.
    names
        What to call each in a message: its formula, or its row in a file.
    problems
        Why each cannot be predicted, "" where nothing is wrong.
    structures
        One for each, where the model takes structures.
    """

    frame: pd.DataFrame
    names: list[str]
    problems: list[str]
    structures: list[Structure] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: slice) -> Asked:
        """Return some of the rows."""
        return replace(
            self,
            frame=self.frame.iloc[rows].reset_index(drop=True),
            names=self.names[rows],
            problems=self.problems[rows],
            structures=None if self.structures is None else self.structures[rows],
        )


def asked_for(inputs: Input | Sequence[Input], kind: Kind, model: str) -> Asked:
    """Read all that a model is asked about, in the order given.

    Parameters
    ----------
    inputs
        As `cetransfer.models.model.Model.predict` takes them.
    kind
        What the model takes.
    model
        Its id, for messages.

    Raises
    ------
    UserError
        If there is nothing, or naming what cannot be predicted and why.
    """
    single = isinstance(inputs, (str, Path, pd.DataFrame)) or hasattr(inputs, "lattice")
    items: list[Input] = [inputs] if single else list(inputs)  # type: ignore[arg-type]
    parts: list[Asked] = []
    for alike in _runs(items):
        parts += _from_structures(alike, kind) if _is_structure(alike[0]) else [_rows(alike, kind)]
    if not parts:
        raise UserError("there is nothing to predict; give formulas, a table or CIF files")
    whole = _joined(parts)
    bad = [i for i, problem in enumerate(whole.problems) if problem]
    if bad:
        told = "; ".join(f"{whole.names[i]}: {whole.problems[i]}" for i in bad[:SHOWN])
        more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        count = f"{len(bad)} of {len(whole)} cannot be predicted: " if len(whole) > 1 else ""
        raise UserError(f"model {model}: {count}{told}{more}")
    return whole


def _runs(items: Sequence[Input]) -> list[list[Input]]:
    """Put items beside each other that are read together: formulas, or structures."""
    runs: list[list[Input]] = []
    kinds: list[str] = []
    for item in items:
        what = "structure" if _is_structure(item) else "table" if _is_table(item) else "formula"
        if runs and what == kinds[-1] != "table":
            runs[-1].append(item)
        else:
            runs.append([item])
            kinds.append(what)
    return runs


def _is_table(item: Input) -> bool:
    return isinstance(item, pd.DataFrame) or _ending(item) in TABLES


def _is_structure(item: Input) -> bool:
    return hasattr(item, "lattice") or _ending(item) in STRUCTURES


def _ending(item: Input) -> str:
    return Path(item).suffix.lower() if isinstance(item, (str, Path)) else ""


def _rows(items: Sequence[Input], kind: Kind) -> Asked:
    """Return the rows of one table, or of formulas."""
    first = items[0]
    if kind.from_structures or kind.prototype is None:
        what = "a table" if _is_table(first) else repr(str(first))
        raise UserError(
            f"{what} says nothing of the structure, and this model was trained on structures; "
            "give CIF files"
        )
    if not _is_table(first):
        for item in items:
            if isinstance(item, Path) or ("/" in str(item) and Path(str(item)).exists()):
                endings = ", ".join([*TABLES, *STRUCTURES])
                raise UserError(f"{item} is no formula and no file with the ending {endings}")
        formulas = pd.Series([str(item) for item in items], dtype=object)
        return _named(from_formulas(formulas, kind.prototype), "", kind)
    where = "the table" if isinstance(first, pd.DataFrame) else str(first)
    table = first if isinstance(first, pd.DataFrame) else read_user_table(Path(str(first)))
    if table.empty:
        raise UserError(f"{where} has no rows; there is nothing to predict")
    return _named(_of_table(table, kind.prototype, where), f"{where}: row ", kind)


def _of_table(table: pd.DataFrame, prototype: Prototype, where: str) -> Rows:
    """Return the sites of a table; columns of elements go before formulas."""
    cations = [role for role in prototype.roles if role != "X"]
    if by_sites(table, prototype.roles):
        rows = from_sites(table, prototype, Path(where), "columns")
        if "formula" in table:
            _check_formulas(rows, table["formula"].astype(str), prototype)
            rows.frame["formula"] = table["formula"].astype(str)
        return rows
    if "formula" not in table:
        raise UserError(
            f"{where} has no column formula and no columns {', '.join(cations)}; its columns are "
            f"{', '.join(map(str, table.columns[:12]))}; rename one"
        )
    return from_formulas(column_of(table, "formula", Path(where), "formula"), prototype)


def by_sites(table: pd.DataFrame, roles: Sequence[str]) -> bool:
    """Tell whether a table says which element is on which site, so that formulas need not."""
    return all(role in table for role in roles if role != "X")


def _check_formulas(rows: Rows, formulas: pd.Series, prototype: Prototype) -> None:
    """Refuse rows whose formula has other elements; in which order it names them is free."""
    read = from_formulas(formulas, prototype)
    sites = list(prototype.roles)
    told, given = (part.frame[sites].to_numpy(dtype=str) for part in (read, rows))
    others = (np.sort(told, axis=1) != np.sort(given, axis=1)).any(axis=1)
    known = (read.problems == "").to_numpy()
    rows.refuse(others & known, "its columns of sites hold other elements than its formula")


def _named(rows: Rows, row: str, kind: Kind) -> Asked:
    formulas = rows.frame["formula"].tolist()
    names = formulas
    if row:
        numbered = zip(rows.frame.index, formulas, strict=True)
        names = [f"{row}{number} ({formula})" for number, formula in numbered]
    return Asked(rows.frame[["formula", *kind.roles]], names, rows.problems.tolist())


def _from_structures(items: Sequence[Input], kind: Kind) -> list[Asked]:
    """Return one compound for each structure or file of one."""
    from cetransfer.models.crystals import read_crystal, with_sites

    found = []
    for number, item in enumerate(items, 1):
        name = str(item) if isinstance(item, (str, Path)) else f"structure {number}"
        try:
            crystal = read_crystal(Path(name)) if isinstance(item, (str, Path)) else item
            formula, sites, structure = with_sites(crystal, kind)
        except UserError as error:
            frame = pd.DataFrame([{"formula": "", **dict.fromkeys(kind.roles, "")}])
            found.append(Asked(frame, [name], [str(error)], None))
            continue
        frame = pd.DataFrame([{"formula": formula, **sites}])
        own = [structure] if kind.from_structures else None
        found.append(Asked(frame, [f"{name} ({formula})"], [""], own))
    return found


def _joined(parts: Sequence[Asked]) -> Asked:
    structures = [one for part in parts for one in part.structures or ()]
    return Asked(
        pd.concat([part.frame for part in parts], ignore_index=True),
        [name for part in parts for name in part.names],
        [problem for part in parts for problem in part.problems],
        structures or None,
    )
