"""The user's own list of compounds, with energies where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.dataset import FORMATION_ENERGY, rows_named
from cetransfer.datasets.formulas import element_counts, elements_on_sites
from cetransfer.datasets.li2023_screening import released
from cetransfer.datasets.table_files import read_user_table
from cetransfer.datasets.tabular_rows import LARGEST_ENERGY, column_of, from_sites, numbers_of
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.screening.spaces import ANION, CATIONS, prototype_for, site_columns

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.settings_screening import SpaceSettings
    from cetransfer.structures.prototypes import Prototype

PAIR = 2
"""Elements that may share a site."""


@dataclass(frozen=True)
class OwnList:
    """Compounds of a file.

    Parameters
    ----------
    frame
        ``formula``, ``A``, ``B``, ``X``, with ``A2`` and ``B2`` ("" where nothing shares the site)
        where some row has two elements on a site; ``formation_energy`` (eV/atom) where asked for.
    prototype
        Whose sites these are.
    hashes
        SHA-256 of the file by its path.
    """

    frame: pd.DataFrame
    prototype: Prototype
    hashes: dict[str, str]


def read_list(settings: SpaceSettings) -> OwnList:
    """Read the list that ``space.path`` names.

    Columns A and B (A2, B2 and X too, if there) give the sites, else the formulas in
    ``space.columns.formula`` or ``formula``. Two elements on one site stand beside each other in a
    formula, those of A first, in equal parts: ``Sr2FeMoO6``, ``LaSrFeMoO6``.

    Raises
    ------
    UserError
        If the file cannot be read or lacks a column, or naming the first rows that are no compounds
        of the prototype, repeat an earlier row or have no sensible energy.
    """
    if settings.path is None:
        raise UserError("space=list needs a file; give space.path=my.csv")
    prototype = prototype_for(settings)
    path, hashes = list_file(settings.path)
    table = read_user_table(path)
    frame, problems = _compounds(table, path, settings, prototype)
    if settings.columns.energy is not None:
        key = "space.columns.energy"
        energy = numbers_of(table, settings.columns.energy, path, key).to_numpy(np.float64)
        frame[FORMATION_ENERGY] = energy
        for wrong, reason in (
            (~np.isfinite(energy), f"column {settings.columns.energy} holds no finite number"),
            (
                np.abs(energy) > LARGEST_ENERGY,
                f"the energy is beyond {LARGEST_ENERGY:g} eV/atom; give eV/atom",
            ),
        ):
            problems[(problems == "") & wrong] = reason
    sites = [column for column in frame if column not in {"formula", FORMATION_ENERGY}]
    again = frame.duplicated(sites).to_numpy() & (problems == "")
    problems[again] = "it repeats an earlier row; keep one"
    _refuse(frame, problems, path)
    return OwnList(frame.reset_index(drop=True), prototype, hashes)


def list_file(word: str) -> tuple[Path, dict[str, str]]:
    """Return the file that ``space.path`` names, and its SHA-256 by name.

    ``li2023_predictions`` and ``li2023_stable`` are released files, see
    `cetransfer.datasets.li2023_screening`.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    public = released(word)
    if public is not None:
        return public[0], {public[1]: public[2]}
    path = Path(word)
    if path.is_dir():
        raise UserError(f"{word} is a folder; give a file within it as space.path")
    if not path.is_file():
        raise UserError(f"there is no file {word}; correct space.path")
    return path, {word: sha256(path)}


def _compounds(
    table: pd.DataFrame, path: Path, settings: SpaceSettings, prototype: Prototype
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the compounds of a table and what is wrong with each, "" for nothing."""
    import pandas as pd

    by_sites = settings.columns.formula is None and {*CATIONS} <= {*table.columns}
    if by_sites and not {"A2", "B2"} & {*table.columns}:
        rows = from_sites(table, prototype, path, "columns")
        return rows.frame, rows.problems.to_numpy(dtype=object)
    if by_sites:
        formulas = _formulas_of(table, prototype)
    else:
        name = settings.columns.formula or "formula"
        formulas = column_of(table, name, path, "space.columns.formula")
    found, problems = [], []
    for formula in formulas:
        try:
            found.append(sites_of_formula(formula, prototype))
            problems.append("")
        except UserError as error:
            found.append(dict.fromkeys(("A", "A2", "B", "B2", "X"), ""))
            problems.append(str(error))
    frame = pd.DataFrame(found)
    frame.insert(0, "formula", formulas.astype(str).to_numpy())
    unshared = [column for column in ("A2", "B2") if (frame[column] == "").all()]
    return frame.drop(columns=unshared), np.array(problems, dtype=object)


def _formulas_of(table: pd.DataFrame, prototype: Prototype) -> pd.Series:
    """Write the formulas of a table with columns A2 or B2; an empty cell shares nothing."""
    import pandas as pd

    cells = table.astype(object).where(table.notna(), "").astype(str)
    written = []
    for _, row in cells.iterrows():
        text = ""
        for site in CATIONS:
            there = [row[column] for column in site_columns(site) if row.get(column, "")]
            number = PAIR * prototype.counts[site] // max(len(there), 1)
            text += "".join(f"{element}{number}" for element in there)
        anion = row.get("X", "") or ANION
        written.append(f"{text}{anion}{PAIR * prototype.counts['X']}")
    return pd.Series(written, index=table.index)


def sites_of_formula(formula: object, prototype: Prototype) -> dict[str, str]:
    """Put the elements of a formula on the sites A, A2, B, B2 and X; "" where none shares a site.

    Raises
    ------
    UserError
        If it cannot be read or is not of the prototype's form.
    """
    try:
        plain, _ = elements_on_sites(formula, prototype)
    except UserError:
        shared = _shared(element_counts(formula), prototype)
        if shared is None:
            raise
        return shared
    return {"A": plain["A"], "A2": "", "B": plain["B"], "B2": "", "X": plain["X"]}


def _shared(counts: list[tuple[str, int]], prototype: Prototype) -> dict[str, str] | None:
    """Fill A, B and X in the order written, up to two elements in equal parts on A and on B."""
    units, rest = divmod(sum(number for _, number in counts), sum(prototype.counts.values()))
    if rest:
        return None
    found: dict[str, str] = {}
    left = list(counts)
    for site in (*CATIONS, "X"):
        room = prototype.counts[site] * units
        if left and left[0][1] == room:
            here = [left.pop(0)[0]]
        elif site != "X" and [number * PAIR for _, number in left[:PAIR]] == [room] * PAIR:
            here, left = [element for element, _ in left[:PAIR]], left[PAIR:]
        else:
            return None
        if len({*here}) < len(here):
            return None
        found[site] = here[0]
        if site != "X":
            found[f"{site}2"] = here[1] if len(here) == PAIR else ""
    return None if left else found


def _refuse(frame: pd.DataFrame, problems: np.ndarray, path: Path) -> None:
    bad = problems != ""
    if bad.any():
        first = problems[bad][0]
        alike = problems == first
        more = f"; {bad.sum() - alike.sum()} more rows are wrong" if (bad & ~alike).any() else ""
        raise UserError(
            f"{path}: {rows_named(frame, alike)}: {first}{more}; correct or leave out these rows"
        )
