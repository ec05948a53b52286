"""The files of suggestions and simulations; the document comes last and makes a folder whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.evaluation.documents import open_staging, stored_document
from cetransfer.files import move_files, write_json, writing_to

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.screening.suggestion.simulation.run import Simulation
    from cetransfer.screening.suggestion.suggest import Suggestion

SUGGESTION, SUGGESTIONS = "suggest.json", "suggestions.csv"

SIMULATION, SIMULATION_TABLE = "simulation.json", "simulation.csv"

STAGED = ".staged"


def stage_suggestion(made: Suggestion, output: Path) -> Path:
    """Write the files of a suggestion into a folder beside the result's and return it."""
    return _stage(output, made.document, made.table, "suggest", SUGGESTION, SUGGESTIONS)


def stage_simulation(made: Simulation, output: Path) -> Path:
    """Write the files of a simulation into a folder beside the result's and return it."""
    return _stage(output, made.document, made.table, "simulation", SIMULATION, SIMULATION_TABLE)


def _stage(
    output: Path,
    document: dict[str, Any],
    table: pd.DataFrame,
    schema: str,
    document_name: str,
    table_name: str,
) -> Path:
    staged = output / STAGED
    with writing_to(output):
        open_staging(staged, document, schema)
        table.to_csv(staged / table_name, index=False)
        write_json(staged / document_name, document)
    return staged


def publish(staged: Path, output: Path, last: str) -> None:
    """Move the files to their place, the document last.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    move_files(staged, output, last=last)
    staged.rmdir()


def done_before(
    output: Path, document_name: str, table_name: str, key: str
) -> tuple[dict[str, Any], pd.DataFrame] | None:
    """Return document and table of the same work, if they are there already.

    Raises
    ------
    UserError
        If the document is damaged.
    """
    import pandas as pd

    if not (output / table_name).is_file():
        return None
    document = stored_document(output / document_name, key)
    if document is None:
        return None
    return document, pd.read_csv(output / table_name, keep_default_na=False, na_values=[""])
