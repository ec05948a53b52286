"""Label a prototype in parts; a killed run goes on where it was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from cetransfer.compute.parts import in_parts
from cetransfer.datasets.labelled import label_attributes
from cetransfer.datasets.labels.network import require_chgnet
from cetransfer.errors import UserError
from cetransfer.files import write_aside
from cetransfer.progress import say

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.datasets.labels.settings import LabelSettings
    from cetransfer.structures.prototypes import Prototype


def label_prototype(
    prototype: str,
    output_dir: Path,
    *,
    elements: tuple[str, ...] | None = None,
) -> Path:
    """Compute energies of all combinations of elements in one prototype with CHGNet.

    Finished rows of the grid are kept in a hidden folder beside the result until all are there, so
    a run that was stopped or killed loses no more than the rows in work. The name of that folder
    and the result carry a key of everything the labels depend on: nothing of another configuration
    is taken up, and a result with the right key is not computed again.

    Parameters
    ----------
    prototype
        Name or path of a .cif, as `cetransfer.structures.prototypes.prototype_named` takes it.
    output_dir
        Folder for ``surrogate_<prototype>.parquet`` and ``surrogate_elements.parquet``.
    elements
        Elements on every cation site; by default the 73, but not for three cation sites.

    Returns
    -------
    Path
        The table: one row per combination, sorted by A, then B, with formula, the element of every
        role, lattice_constant (angstrom, conventional), the parameters of the prototype (u of the
        spinel), total_energy and formation_energy (eV/atom), bulk_modulus_gpa and flag ("" or the
        reasons to doubt the row).

    Raises
    ------
    UserError
        If chgnet is not installed, an argument cannot be used, the folder cannot be written or
        workers keep dying.
    """
    require_chgnet()
    from cetransfer.datasets.labels.settings import LabelSettings

    settings = LabelSettings.checked(prototype, elements)
    name = settings.prototype.name
    table = output_dir / f"surrogate_{name}.parquet"
    if _key_of(table) == settings.key:
        say(f"{table} is there already and computed in the same way")
        return table
    references = output_dir / "surrogate_elements.parquet"
    chunks = output_dir / f".labels-{name}-{settings.key}"
    _make_folder(chunks)
    _compute(settings, chunks, references)
    frame = _merge(settings, chunks, references)
    with write_aside(table) as aside:
        frame.to_parquet(aside, index=False)
    shutil.rmtree(chunks)
    return table


def _compute(settings: LabelSettings, chunks: Path, references: Path) -> None:
    """Compute what is missing, a row of the grid at a time."""
    from cetransfer.datasets.labels.worker import compute_part

    files = {one: chunks / f"{one}.parquet" for one in settings.elements}
    missing: list[str | None] = [one for one, path in files.items() if not path.exists()]
    if len(missing) < len(files):
        say(f"going on: {len(files) - len(missing)} rows of the grid are there already")
    if _key_of(references) != settings.reference_key:
        missing.insert(0, None)  # first, as it takes longest

    def keep(place: int, frame: pd.DataFrame) -> None:
        element = missing[place]
        with write_aside(references if element is None else files[element]) as aside:
            frame.to_parquet(aside, index=False)

    if missing:
        in_parts(
            compute_part,
            ((settings, one) for one in missing),
            keep,
            len(missing),
            f"labelling {settings.prototype.name} with CHGNet",
        )


def _merge(settings: LabelSettings, chunks: Path, references: Path) -> pd.DataFrame:
    """Put all rows together and work out the formation energies."""
    import pandas as pd

    parts = [pd.read_parquet(chunks / f"{one}.parquet") for one in settings.elements]
    frame = pd.concat(parts, ignore_index=True)
    elements = pd.read_parquet(references).set_index("element")
    frame.insert(
        list(frame.columns).index("total_energy") + 1,
        "formation_energy",
        formation_energies(settings.prototype, frame, elements["total_energy"]),
    )
    doubtful = set(elements.index[elements["flag"] != ""])
    roles = list(settings.prototype.roles)
    touched = frame[roles].isin(doubtful).any(axis=1)
    reason = "reference of an element is doubtful"
    frame["flag"] = frame["flag"].where(~touched, (frame["flag"] + "; " + reason).str.lstrip("; "))
    frame = frame.sort_values(roles, ignore_index=True)
    frame.attrs |= label_attributes(settings.prototype, settings.key)
    return frame


def formation_energies(
    prototype: Prototype, frame: pd.DataFrame, references: pd.Series
) -> pd.Series:
    """Total energies per atom minus those of the elements in the same proportion, eV/atom.

    Parameters
    ----------
    prototype
        Gives the number of atoms of each role.
    frame
        With a column for each role and total_energy (eV/atom).
    references
        Energy of every element in eV/atom, indexed by symbol.
    """
    sites = prototype.site_roles
    energies = frame["total_energy"].copy()
    for role in prototype.roles:
        energies -= frame[role].map(references) * (sites.count(role) / len(sites))
    return energies


def _key_of(path: Path) -> object:
    """Return the key that a finished table carries, None if there is no such table."""
    import pandas as pd

    try:
        return pd.read_parquet(path).attrs.get("key")
    except (OSError, ValueError):  # none there, or no parquet file: it is computed anew
        return None


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make the folder {path}: {error.strerror}; give a writable output folder"
        ) from error
