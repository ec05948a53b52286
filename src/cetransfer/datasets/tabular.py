"""The user's own table: formulas, elements or structures, and labels in a stated unit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cetransfer.datasets.dataset import SHOWN, Dataset
from cetransfer.datasets.labelled import labelled_by, same_cell
from cetransfer.datasets.table_files import read_user_table
from cetransfer.datasets.tabular_rows import Wish, mapped
from cetransfer.datasets.units import measure_of
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.structures.prototypes import prototype_hashes, prototype_named

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.datasets.tabular_rows import Rows
    from cetransfer.settings import NamedData

ON_BAD_ROWS = ("refuse", "drop")

CACHE = Path("outputs") / "structures"
"""Below the project: structures that were read, in parts."""


def load_tabular(chosen: NamedData, key: str, root: Path) -> Dataset:
    """Read a table of labelled compounds: compositions of one prototype, or any structures.

    Parameters
    ----------
    chosen
        Path, prototype, unit, columns, and what to do with rows that cannot be used.
    key
        Where `chosen` stands in the configuration, for messages: ``"dataset.target"``.
    root
        The project's folder, below which structures are kept once read; a path is relative to
        where the command runs.

    Returns
    -------
    Dataset
        Formation energies in eV/atom, or another quantity in its unit; formulas as in the file;
        ``row`` is the row of the file, ``group`` the user's own, as text.

    Raises
    ------
    UserError
        If a key has no or no possible value, the file cannot be read, a column is missing, or
        naming the rows that cannot be used.
    """
    wish = _checked(chosen, key)
    table = read_user_table(wish.path)
    rows = mapped(table, wish, root / CACHE)
    bad = (rows.problems != "").to_numpy()
    frame = rows.frame[~bad].reset_index(drop=True)
    notes = _notes(wish, rows, frame)
    if bad.any():
        found = _named(rows.frame, rows.problems)
        if bad.all():
            raise UserError(f"{wish.path}: {found}. No row is left; correct them")
        if chosen.on_bad_rows != "drop":
            raise UserError(
                f"{wish.path}: {found}. Correct them, or leave them out with {key}.on_bad_rows=drop"
            )
        notes.append(f"{wish.path}: left out (on_bad_rows=drop): {found}")
    if wish.prototype is not None and not same_cell(table, wish.prototype):
        version = f"another version of {chosen.prototype}"
        notes.append(f"{wish.path}: labelled with {version}; label again")
    of_prototype = prototype_hashes(chosen.prototype) if chosen.prototype else {}
    return Dataset(
        name=wish.path.stem,
        frame=frame,
        prototype=chosen.prototype,
        hashes={str(wish.path): sha256(wish.path), **of_prototype, **rows.hashes},
        notes=tuple(notes),
        rests_on=labelled_by(table),
        quantity=wish.measure.quantity,
        unit=wish.measure.unit,
        structures=None if rows.structures is None else rows.structures.take((~bad).nonzero()[0]),
    )


def on_bad_rows(chosen: NamedData, key: str) -> str:
    """Return what is to be done with rows that cannot be used: ``"refuse"`` or ``"drop"``.

    Raises
    ------
    UserError
        If another value was chosen.
    """
    if chosen.on_bad_rows not in ON_BAD_ROWS:
        raise UserError(
            f"{key}.on_bad_rows={chosen.on_bad_rows} is unknown; allowed: {', '.join(ON_BAD_ROWS)}"
        )
    return chosen.on_bad_rows


def _checked(chosen: NamedData, key: str) -> Wish:
    """Check the keys of a tabular data set."""
    for name, example in (
        ("path", "my.csv"),
        ("columns", "{formula:formula,energy:energy}"),
        ("unit", "eV/atom"),
    ):
        if getattr(chosen, name) is None:
            raise UserError(
                f"{key}.{name} has no value; give {key}.{name}=..., for example {example}"
            )
    assert chosen.path and chosen.columns  # noqa: PT018, S101 - checked just now
    on_bad_rows(chosen, key)
    with_structures = chosen.columns.structure is not None
    if chosen.prototype is None and not with_structures:
        raise UserError(
            f"{key}.prototype has no value; give {key}.prototype=..., for example perovskite, or "
            f"a column with structures, {key}.columns.structure=NAME"
        )
    if chosen.structures is not None and not with_structures:
        raise UserError(
            f"{key}.structures={chosen.structures} needs the column with the names of its files; "
            f"give {key}.columns.structure=NAME"
        )
    measure = measure_of(chosen, key)
    if measure.per == "cell" and not with_structures:
        raise UserError(
            f"{key}.unit={chosen.unit} needs structures that say how many atoms a cell has; give "
            f"{key}.columns.structure=NAME, or the energies in eV/atom or eV/formula unit"
        )
    path = Path(chosen.path)
    folder = Path(chosen.structures) if chosen.structures else path.parent
    if with_structures and not folder.is_dir():
        raise UserError(f"{key}.structures={folder} is no folder; check the path")
    prototype = None if chosen.prototype is None else prototype_named(chosen.prototype)
    return Wish(path, prototype, measure, chosen.columns, folder, key)


def _notes(wish: Wish, rows: Rows, frame: pd.DataFrame) -> list[str]:
    """Say how the table was understood; `frame` holds the good rows."""
    measure = wish.measure
    what = measure.quantity.replace("_", " ") if measure.is_energy else measure.quantity
    sites = "sites by formula"
    if wish.prototype is not None:
        form, group = wish.prototype.formula_template, wish.prototype.space_group
        sites = f"prototype {wish.prototype.name} ({form}, space group {group})"
    notes = [f"{wish.path}: {measure.given} taken as {what}; {sites}"]
    if rows.structures is not None:
        several = int((frame.groupby("formula").size() > 1).sum())
        notes.append(
            f"{wish.path}: features from {len(frame)} structures; {several} formulas have several"
        )
        if wish.columns.formula is None and wish.prototype is None:
            notes.append(
                f"{wish.path}: no formulas, so A, B, C are cations in the order of "
                "electronegativity and X is the most electronegative element, unless a structure "
                "has roles: an order, no site assignment"
            )
    if rows.odd_anions:
        notes.append(
            f"{wish.path}: in {rows.odd_anions} formulas the last element, taken as X, is not the "
            "most electronegative"
        )
    if "group" in frame:
        notes.append(
            f"{wish.path}: {frame['group'].nunique()} groups in column {wish.columns.group}; "
            "carried to the predictions, folds do not look at them"
        )
    return notes


def _named(frame: pd.DataFrame, problems: pd.Series) -> str:
    """Say how many rows cannot be used, and name the first of them."""
    bad = problems[problems != ""]
    first = bad.iloc[:SHOWN]
    listed = "; ".join(
        f"row {number} ({formula}): {problem}"
        for number, formula, problem in zip(
            first.index, frame.loc[first.index, "formula"], first, strict=True
        )
    )
    more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    return f"{len(bad)} of {len(frame)} rows cannot be used: {listed}{more}"
