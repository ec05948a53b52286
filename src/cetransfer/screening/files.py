"""The files of a screening: `screen.json` last, so that a folder that has it is whole."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from cetransfer.evaluation.documents import open_staging
from cetransfer.files import move_files, read_table, write_json, writing_to

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.screening.screen import Screening

DOCUMENT = "screen.json"
FUNNEL = "funnel.csv"
CANDIDATES = "candidates.parquet"
SHORTLIST = "shortlist.csv"
WORTH = "worth.csv"

STAGED = ".staged"
PARTS = ".parts"


def parts_of(output: Path) -> Path:
    """Return the folder that the parts of an unfinished screening lie in.

    What a run has put in its place, and was killed before it wrote the document, comes back.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    parts, placed = output / PARTS, output / CANDIDATES
    with writing_to(output):
        if placed.is_dir() and not parts.exists():
            placed.rename(parts)
        parts.mkdir(parents=True, exist_ok=True)
    return parts


def stage_screening(found: Screening, output: Path, *, in_parts: bool = False) -> Path:
    """Write the files of a screening into a folder beside the result's and return it.

    Where it was done `in_parts`, all its candidates are written already.

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
        if not in_parts:
            found.candidates.to_parquet(staged / CANDIDATES, index=False)
        found.shortlist.to_csv(staged / SHORTLIST, index=False)
        for name, table in found.tables.items():
            table.to_csv(staged / name, index=False)
        write_json(staged / DOCUMENT, found.document)
    return staged


def publish_screening(staged: Path, output: Path, parts: Path | None = None) -> None:
    """Move the files, and the folder of parts if there is one, to their place; the document last.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    with writing_to(output):
        # of another screening that was in this folder
        if (output / CANDIDATES).is_dir():
            shutil.rmtree(output / CANDIDATES)
        if parts is not None:
            (output / CANDIDATES).unlink(missing_ok=True)
            parts.rename(output / CANDIDATES)
    move_files(staged, output, last=DOCUMENT)
    staged.rmdir()


def read_shortlist(output: Path) -> pd.DataFrame:
    """Return the shortlist of a finished screening.

    Raises
    ------
    UserError
        If the table of candidates is damaged.
    """
    import pandas as pd

    if (output / CANDIDATES).is_dir():
        return pd.read_csv(output / SHORTLIST)
    table = read_table(output / CANDIDATES)
    return table[table["dropped_by"] == ""].sort_values("rank", ignore_index=True)


def read_worth(output: Path) -> pd.DataFrame | None:
    """Return what criteria are worth on known answers; None where a screening knows none."""
    import pandas as pd

    return pd.read_csv(output / WORTH) if (output / WORTH).is_file() else None
