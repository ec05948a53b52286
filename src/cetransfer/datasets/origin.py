"""Where the rows of a data set come from: public addresses, files and their SHA-256."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """One place that the rows can be read from.

    Parameters
    ----------
    address
        Public address, or the command that makes the files.
    files
        SHA-256 of every file, by path; None where the file is versioned with the project.
    folder
        Folder in the mirror and in the cache; None for ``data/`` in the project.
    """

    address: str
    files: Mapping[str, str | None]
    folder: str | None = None


@dataclass(frozen=True)
class Copy:
    """A file of an origin.

    Parameters
    ----------
    address
        Of the origin.
    name
        Of the file.
    sha256
        What it should have, or has.
    path
        Where it is; None: not here.
    details
        What else the file says of itself: pairs of name and value.
    """

    address: str
    name: str
    sha256: str | None
    path: Path | None
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Entry:
    """What the catalogue knows of a data set without reading it.

    Parameters
    ----------
    about
        One line.
    prototype
        Key in `cetransfer.structures.prototypes.PROTOTYPES`; empty where the user names it.
    licence, doi
        Of the data; the DOI of the paper that describes them, empty where there is none.
    origins
        Any one of them gives all rows.
    rests_on
        Whose calculations the labels rest on, also indirectly.
    true_sites
        Whether A and B are known to be the sites, not just an order of writing.
    suspects
        Whether there are rows that contradict the others, for ``dataset.exclude_suspects``.
    use
        What it is for, where it holds no labels to learn from.
    """

    about: str
    prototype: str
    licence: str
    doi: str
    origins: tuple[Origin, ...]
    rests_on: tuple[str, ...] = field(default=())
    true_sites: bool = False
    suspects: bool = False
    use: str = ""
