"""Label a prototype on all cores; a killed run goes on where it was."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING

from joblib import cpu_count

from cetransfer.datasets.labelled import label_attributes
from cetransfer.datasets.labels.network import require_chgnet
from cetransfer.errors import UserError
from cetransfer.files import write_aside
from cetransfer.progress import say, track

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.datasets.labels.settings import LabelSettings
    from cetransfer.structures.prototypes import Prototype


def label_prototype(
    prototype: str,
    output_dir: Path,
    *,
    workers: int | None = None,
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
    workers
        Worker processes of one thread each; by default one for every core this process may use.
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
        If chgnet is not installed, an argument cannot be used, the folder cannot be written or a
        worker process dies.
    """
    require_chgnet()
    from cetransfer.datasets.labels.settings import LabelSettings

    settings = LabelSettings.checked(prototype, elements)
    if workers is not None and workers < 1:
        raise UserError(f"workers={workers} cannot label anything; give 1 or more")
    name = settings.prototype.name
    table = output_dir / f"surrogate_{name}.parquet"
    if _key_of(table) == settings.key:
        say(f"{table} is there already and computed in the same way")
        return table
    references = output_dir / "surrogate_elements.parquet"
    chunks = output_dir / f".labels-{name}-{settings.key}"
    _make_folder(chunks)
    _compute(settings, chunks, references, workers or cpu_count())
    frame = _merge(settings, chunks, references)
    with write_aside(table) as aside:
        frame.to_parquet(aside, index=False)
    shutil.rmtree(chunks)
    return table


def _compute(settings: LabelSettings, chunks: Path, references: Path, workers: int) -> None:
    """Compute what is missing in a pool of spawned single-threaded processes."""
    from cetransfer.datasets.labels import worker

    missing = [one for one in settings.elements if not (chunks / f"{one}.parquet").exists()]
    stale = _key_of(references) != settings.reference_key
    if not missing and not stale:
        return
    if len(missing) < len(settings.elements):
        say(f"going on: {len(settings.elements) - len(missing)} rows of the grid are there already")
    # idle threads that spin would take the core from the next process
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=worker.start_worker
    )
    try:
        tasks = [pool.submit(worker.write_references, settings, references)] if stale else []
        tasks += [
            pool.submit(worker.write_chunk, settings, one, chunks / f"{one}.parquet")
            for one in missing
        ]
        label = f"labelling {settings.prototype.name} with CHGNet"
        for task in track(as_completed(tasks), label, total=len(tasks)):
            task.result()
    except BrokenProcessPool as error:
        raise UserError(
            "a worker process of the labelling ended early (out of memory?); finished rows are "
            "kept, run the same command again, with fewer workers if it happens again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


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
