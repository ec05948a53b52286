"""What the catalogue shows of a data set; nothing is downloaded for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.datasets import catalogue
from cetransfer.datasets.chosen import CONFIGURED
from cetransfer.datasets.fetch import present, versioned
from cetransfer.datasets.origin import Copy
from cetransfer.files import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.datasets.origin import Entry, Origin


@dataclass(frozen=True)
class Figures:
    """What the rows say: counts, and the range of the formation energies in eV/atom."""

    rows: int
    elements: int
    on_a: int
    on_b: int
    coverage: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Overview:
    """A data set as `data list` and `data show` print it.

    Parameters
    ----------
    here
        ``yes``, ``no``, or what there is of a data set that takes more than its name.
    figures
        None where the rows are not here, depend on what the user asks for, or have no labels.
    """

    name: str
    entry: Entry
    here: str
    copies: tuple[Copy, ...]
    figures: Figures | None


def overviews(root: Path) -> list[Overview]:
    """Return the overview of every data set, by name."""
    return [overview(name, root) for name in catalogue.names()]


def overview(name: str, root: Path) -> Overview:
    """Return what is known of a data set, with its figures if its files are here.

    Raises
    ------
    UserError
        If there is none of that name, or its files are damaged.
    """
    entry = catalogue.entry(name)
    if name in CONFIGURED:
        kept = CONFIGURED[name].kept
        found = kept(root) if kept else ()
        here = "your file" if kept is None else f"{len(found)} frozen" if found else "no"
        return Overview(name, entry, here, found, None)
    copies = tuple(
        Copy(origin.address, file, digest or (sha256(path) if path else None), path)
        for origin in entry.origins
        for file, digest in origin.files.items()
        for path in [_path(origin, file, root)]
    )
    figures = _figures(name, root) if is_here(name, root) and not entry.use else None
    return Overview(name, entry, "yes" if is_here(name, root) else "no", copies, figures)


def is_here(name: str, root: Path) -> bool:
    """Tell whether all files of one origin are here, so that nothing has to be downloaded."""
    return any(
        all(_path(origin, file, root) for file in origin.files)
        for origin in catalogue.entry(name).origins
    )


def _path(origin: Origin, file: str, root: Path) -> Path | None:
    return versioned(root, file) if origin.folder is None else present(origin.folder, file)


def _figures(name: str, root: Path) -> Figures:
    frame = catalogue.load(name, root=root).frame
    on_a, on_b = set(frame["A"]), set(frame["B"])
    pairs = len(frame[["A", "B"]].drop_duplicates())
    return Figures(
        rows=len(frame),
        elements=len(on_a | on_b),
        on_a=len(on_a),
        on_b=len(on_b),
        coverage=pairs / (len(on_a) * len(on_b)),
        lowest=float(frame["formation_energy"].min()),
        highest=float(frame["formation_energy"].max()),
    )
