"""Entries of the Materials Project as a data set of one prototype."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.dataset import SHOWN, Dataset
from cetransfer.datasets.formulas import elements_on_sites
from cetransfer.datasets.materials_project.frozen import freeze, frozen_path, thaw
from cetransfer.datasets.materials_project.query import query_for
from cetransfer.datasets.materials_project.service import PUBLIC_ENDPOINT, ask
from cetransfer.datasets.origin import Entry
from cetransfer.datasets.tabular import on_bad_rows
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.progress import say
from cetransfer.structures.prototypes import prototype_hashes, prototype_named

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.settings import NamedData
    from cetransfer.structures.prototypes import Prototype

NAME = "materials_project"

ENTRY = Entry(
    about="entries of the Materials Project for a query; the answer is frozen to a file",
    prototype="",
    licence="CC BY 4.0",
    doi="10.1063/1.4812323",
    origins=(),
    rests_on=("Materials Project",),
)


def load_materials_project(chosen: NamedData, key: str, root: Path) -> Dataset:
    """Read the entries of a query from their frozen file, which is asked for once.

    Parameters
    ----------
    chosen
        Prototype, query, and what to do with entries that cannot be used.
    key
        Where `chosen` stands in the configuration, for messages: ``"dataset.target"``.
    root
        The project's folder; the answer is kept in its ``data/``.

    Returns
    -------
    Dataset
        Of each composition the entry lowest in energy above hull, with ``material_id``,
        ``formula_pretty``, ``energy_above_hull`` (eV/atom) and ``space_group``.

    Raises
    ------
    UserError
        If a key has no or no possible value, the entries cannot be had (see `ask`), or naming
        those that cannot be used.
    """
    if chosen.prototype is None or chosen.query is None:
        missing, example = (
            ("prototype", "perovskite") if chosen.prototype is None else ("query", "{}")
        )
        raise UserError(
            f"{key}.{missing} has no value; give {key}.{missing}=..., for example {example}"
        )
    fate = on_bad_rows(chosen, key)
    prototype = prototype_named(chosen.prototype)
    query = query_for(chosen.query, prototype, f"{key}.query")
    path = frozen_path(query, root)
    if not path.is_file():
        say(f"asking the Materials Project for entries with {query}")
        freeze(ask(query), query, path)
    entries, about = thaw(path, query)
    origin = f"database {about.database_version} of {about.retrieved}, frozen in {path.name}"
    notes = [f"Materials Project: {_entries(about.entries)} with {query}; {origin}"]
    if about.endpoint.rstrip("/") != PUBLIC_ENDPOINT.rstrip("/"):
        notes.append(f"{path.name} does not come from the public service but {about.endpoint}")
    frame, problems = _mapped(entries, prototype)
    frame = frame.assign(row=range(1, len(frame) + 1))
    bad = (problems != "").to_numpy()
    if bad.any():
        notes.append(_left_out(frame, problems, bad, f"{key}.on_bad_rows", fate))
    kept = _lowest(frame[~bad], prototype)
    others = len(frame) - bad.sum() - len(kept)
    if others:
        notes.append(
            f"left out: {_entries(others)}, another of the same composition being lower in energy "
            "above hull"
        )
    metals = [count for role, count in prototype.counts.items() if role != "X"]
    if len(set(metals)) < len(metals):
        notes.append(
            "metals of the same number are in order of electronegativity: the formula does not "
            "tell their sites"
        )
    hashes = {path.name: sha256(path), **prototype_hashes(chosen.prototype)}
    return Dataset(NAME, kept, chosen.prototype, hashes, tuple(notes), ENTRY.rests_on)


def _mapped(entries: pd.DataFrame, prototype: Prototype) -> tuple[pd.DataFrame, pd.Series]:
    """Return the entries as a data set has them, and what is wrong with each ("" if fine)."""
    import pandas as pd

    rows, problems = [], []
    for written in entries["formula_pretty"]:
        try:
            sites, _ = elements_on_sites(_plain(written), prototype)
            rows.append({"formula": prototype.formula(sites), **sites})
            problems.append("")
        except UserError as error:
            rows.append({"formula": written, **dict.fromkeys(prototype.roles, "")})
            problems.append(str(error))
    frame = pd.DataFrame(rows, index=entries.index)
    frame["formation_energy"] = entries["formation_energy_per_atom"]
    others = ["material_id", "formula_pretty", "energy_above_hull", "space_group"]
    frame[others] = entries[others]
    missing = ~np.isfinite(frame["formation_energy"].to_numpy(np.float64))
    problem = pd.Series(problems, index=frame.index, dtype=object)
    return frame, problem.mask((problem == "") & missing, "it has no formation energy")


def _plain(formula: str) -> str:
    """Write a formula without parentheses, elements in order of electronegativity.

    The Materials Project writes Mg(FeO2)2 for MgFe2O4.
    """
    from pymatgen.core import Composition

    try:
        return str(Composition(formula).formula)
    except ValueError as error:
        raise UserError("the formula cannot be read") from error


def _lowest(frame: pd.DataFrame, prototype: Prototype) -> pd.DataFrame:
    """Keep of each composition the entry lowest in energy above hull, then by material."""
    ordered = frame.sort_values(["energy_above_hull", "formation_energy", "material_id"])
    kept = ordered.drop_duplicates(list(prototype.roles))
    return kept.sort_values(list(prototype.roles), ignore_index=True)


def _entries(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"


def _left_out(
    frame: pd.DataFrame, problems: pd.Series, bad: np.ndarray, key: str, on_bad_rows: str
) -> str:
    """Return the note on entries that cannot be used, or refuse them."""
    listed = "; ".join(
        f"{frame['material_id'][number]} ({frame['formula'][number]}): {problems[number]}"
        for number in frame.index[bad][:SHOWN]
    )
    more = f"; and {bad.sum() - SHOWN} more" if bad.sum() > SHOWN else ""
    found = f"{bad.sum()} of {_entries(len(frame))} cannot be used: {listed}{more}"
    if on_bad_rows != "drop":
        raise UserError(f"Materials Project: {found}. Leave them out with {key}=drop")
    if bad.all():
        raise UserError(f"Materials Project: {found}. None is left; ask for others")
    return f"left out (on_bad_rows=drop): {found}"
