"""The files of a screening: `screen.json` last, so that a folder that has it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.evaluation.documents import open_staging
from cetransfer.files import move_files, read_json, read_table, write_json, writing_to

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.screening.screen import Screening

DOCUMENT = "screen.json"
FUNNEL = "funnel.csv"
CANDIDATES = "candidates.parquet"
SHORTLIST = "shortlist.csv"

STAGED = ".staged"


def stage_screening(found: Screening, output: Path) -> Path:
    """Write all files of a screening into a folder beside the result's and return it.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    import pandas as pd

    staged = output / STAGED
    with writing_to(output):
        open_staging(staged, found.document, "screen")
        steps = pd.DataFrame(found.document["funnel"]).drop(columns="limits")
        steps.to_csv(staged / FUNNEL, index=False)
        found.candidates.to_parquet(staged / CANDIDATES, index=False)
        found.shortlist.to_csv(staged / SHORTLIST, index=False)
        for name, table in found.tables.items():
            table.to_csv(staged / name, index=False)
        write_json(staged / DOCUMENT, found.document)
    return staged


def publish_screening(staged: Path, output: Path) -> None:
    """Move the files to their place, the document last.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    move_files(staged, output, last=DOCUMENT)
    staged.rmdir()


def done_before(output: Path, key: str) -> dict[str, Any] | None:
    """Return the document of the same screening, if it is there already.

    Raises
    ------
    UserError
        If it is damaged.
    """
    if not (output / DOCUMENT).is_file():
        return None
    document = read_json(output / DOCUMENT)
    return document if document.get("key") == key else None


def read_shortlist(output: Path) -> pd.DataFrame:
    """Return the shortlist of a finished screening.

    Raises
    ------
    UserError
        If the table of candidates is damaged.
    """
    table = read_table(output / CANDIDATES)
    return table[table["dropped_by"] == ""].sort_values("rank", ignore_index=True)
