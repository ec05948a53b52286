"""What an audit looks at: data sets of the catalogue, and the user's own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.datasets import catalogue
from cetransfer.datasets.audit.finding import Subject, subject_of
from cetransfer.datasets.audit.own_table import is_table, read_subject
from cetransfer.datasets.overview import is_here
from cetransfer.progress import say

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.settings_data import AuditSettings


def load_named(name: str, settings: AuditSettings, root: Path) -> tuple[Subject, dict[str, str]]:
    """Return what SOURCE or TARGET names, a data set or a file, and the hashes of its files.

    Raises
    ------
    UserError
        As `load_subject` and `cetransfer.datasets.audit.own_table.read_subject`.
    """
    return read_subject(name, settings) if is_table(name) else load_subject(name, root)


def load_subject(name: str, root: Path) -> tuple[Subject, dict[str, str]]:
    """Return a data set with all its rows, suspects included, and the hashes of its files.

    Raises
    ------
    UserError
        As `cetransfer.datasets.catalogue.load`.
    """
    entry = catalogue.entry(name)
    data = catalogue.load(name, root=root)
    return subject_of(data, true_sites=entry.true_sites), dict(data.hashes)


def load_truth(name: str | None, root: Path) -> tuple[Subject | None, dict[str, str]]:
    """Return the table on true sites, or none where it is not asked for or not here.

    It is an aid to the audit, so it is not worth a download.
    """
    if name is None:
        return None, {}
    if not is_here(name, root):
        say(f"  A and B are not checked: {name} is not here")
        return None, {}
    return load_subject(name, root)
