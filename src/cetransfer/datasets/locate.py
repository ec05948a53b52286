"""Where a data file that was used once is now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cetransfer.datasets import catalogue
from cetransfer.datasets.fetch import present, versioned

if TYPE_CHECKING:
    from collections.abc import Iterator


def locate(file: str, root: Path) -> Path | None:
    """Return where a data file lies, by the name it is hashed under; None if it is not here.

    Nothing is downloaded. The user's own files are looked for from the present folder, then from
    the project's.
    """
    return next((path for path in _places(file, root) if path.is_file()), None)


def _places(file: str, root: Path) -> Iterator[Path]:
    yield Path(file)
    yield root / file
    yield root / "data" / file
    if (path := versioned(root, file)) is not None:
        yield path
    for name in catalogue.names():
        for origin in catalogue.entry(name).origins:
            for known in origin.files:
                if origin.folder and file in {known, Path(known).name}:
                    found = present(origin.folder, known)
                    if found is not None:
                        yield found


def files_of(name: str) -> tuple[str, ...]:
    """Return the names under which the files of a data set are hashed; none for an unknown one."""
    if name not in catalogue.names():
        return ()
    known = [file for origin in catalogue.entry(name).origins for file in origin.files]
    return tuple(dict.fromkeys(each for file in known for each in (file, Path(file).name)))
