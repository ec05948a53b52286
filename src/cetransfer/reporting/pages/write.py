"""The folder of a report: the page, its figures and their numbers, all of them or none."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import cetransfer
from cetransfer.errors import UserError
from cetransfer.files import read_json, sha256, write_json, writing_to
from cetransfer.provenance import digest
from cetransfer.reporting.pages.page import render
from cetransfer.tracking.lineage.facts import REPORT_DOCUMENT, REPORT_PAGE

if TYPE_CHECKING:
    from pathlib import Path

    from cetransfer.reporting.pages.page import Page

FIGURES = "figures"
DATA = "data"
MOST_BYTES = 8_000_000
"""What a page may have, so that it goes through mail."""


def write_report(page: Page, document: dict[str, Any], folder: Path) -> None:
    """Write a report in place of an earlier one.

    Raises
    ------
    UserError
        If the folder cannot be written to, holds something else, or the page gets too big.
    """
    require_own(folder)
    aside, earlier = (
        folder.with_name(f".{folder.name}.{os.getpid()}{end}") for end in (".tmp", ".old")
    )
    with writing_to(folder):
        try:
            _write(page, document, aside)
            if folder.exists():
                folder.replace(earlier)
            aside.replace(folder)
        finally:
            for left in (aside, earlier):
                shutil.rmtree(left, ignore_errors=True)


def _write(page: Page, document: dict[str, Any], folder: Path) -> None:
    (folder / FIGURES).mkdir(parents=True)
    (folder / DATA).mkdir()
    for drawing in page.drawings:
        drawing.save(folder / FIGURES, folder / DATA)
    for table in page.tables:
        table.data.to_csv(folder / DATA / f"{table.name}.csv", index=False)
    text = render(page)
    if len(text.encode()) > MOST_BYTES:
        raise UserError(
            f"the report would have {len(text.encode()) / 1e6:.1f} MB, and more than "
            f"{MOST_BYTES / 1e6:g} MB go through no mail; compare fewer strategies or rows"
        )
    (folder / REPORT_PAGE).write_text(text, encoding="utf-8")
    write_json(folder / REPORT_DOCUMENT, {**document, "page_sha256": sha256(folder / REPORT_PAGE)})


def require_own(folder: Path) -> None:
    """Refuse a folder that holds anything but a report.

    Raises
    ------
    UserError
        Naming the folder.
    """
    if (
        folder.exists()
        and not (folder / REPORT_DOCUMENT).is_file()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise UserError(
            f"{folder} is there already and holds no report, so nothing in it is replaced; give "
            "output_dir=FOLDER that is new"
        )


def written_before(folder: Path, key: str) -> bool:
    """Tell whether a whole report of that key stands in a folder."""
    if not (folder / REPORT_DOCUMENT).is_file() or not (folder / REPORT_PAGE).is_file():
        return False
    document = read_json(folder / REPORT_DOCUMENT)
    return document.get("key") == key and document.get("page_sha256") == sha256(
        folder / REPORT_PAGE
    )


def report_key(folder: Path) -> str:
    """Return a digest of what decides a report: the files of its result and this version."""
    files = {
        path.name: sha256(path)
        for path in sorted(folder.iterdir())
        # a folder of parts, if there is one, is as its document tells
        if path.suffix in {".json", ".csv", ".parquet"} and path.is_file()
    }
    return digest([files, cetransfer.__version__])[:16]
