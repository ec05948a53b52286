"""How accurate is it? Runs the experiments on accuracy and writes their rows into README.md.

    python benchmarks/accuracy.py                     # all, many hours on 2 cores
    python benchmarks/accuracy.py li2023_spinels ...  # these; the other rows stay
    python benchmarks/accuracy.py --table             # runs nothing: rows of what is finished

Each experiment runs as the command `cetransfer compare experiment=NAME` does, into
outputs/accuracy/NAME. One that is finished with the same configuration, data and version is not run
again, and one that was killed goes on, so the same command may be given until it is done.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accuracy_table import AT_MOST, put, row

from cetransfer.composition import compose_all
from cetransfer.errors import UserError, nearest
from cetransfer.evaluation.case import load_case
from cetransfer.evaluation.comparison import comparison_key
from cetransfer.evaluation.result import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).resolve().parents[1]
OUTPUTS = Path("outputs") / "accuracy"
EXIT_USER_ERROR, EXIT_INTERRUPTED = 2, 130


@cache
def key_of(experiment: str) -> str:
    """Return the key that a comparison of this experiment, of today's data, has."""
    (settings,) = compose_all("accuracy", "config", [f"experiment={experiment}"])
    return comparison_key(settings, load_case(settings, PROJECT))


def finished(experiment: str, folder: Path) -> dict[str, Any] | None:
    """Return the document in a folder if it is this experiment's result, else None."""
    with suppress(FileNotFoundError, json.JSONDecodeError):
        document: dict[str, Any] = json.loads((folder / DOCUMENT).read_text())
        if document["key"] == key_of(experiment):
            return document
    return None


def run(experiment: str) -> None:
    """Run an experiment as the command does; what the command says goes to the terminal.

    Raises
    ------
    UserError
        If the command fails.
    """
    words = ("compare", f"experiment={experiment}", f"output_dir={OUTPUTS / experiment}")
    done = subprocess.run(  # noqa: S603 - the tool's own command
        [sys.executable, "-m", "cetransfer", *words], cwd=PROJECT, check=False
    )
    if done.returncode:
        raise UserError(
            f"{experiment} ended with status {done.returncode}; once that is mended, the same "
            "command goes on from there"
        )


def tell(experiments: Sequence[str], readme: Path, *, table: bool) -> None:
    """Put the row of each experiment into a file, running those that are not finished.

    Parameters
    ----------
    experiments
        Their names.
    readme
        The file with the table.
    table
        Whether nothing is run, and the rows of what is not finished stay as they are.

    Raises
    ------
    UserError
        For an unknown experiment, one that fails, or a file without a place for the table.
    """
    for name in experiments:
        if name not in AT_MOST:
            hint = nearest(name, AT_MOST, f"choose of {', '.join(AT_MOST)}")
            raise UserError(f"no experiment on accuracy is called {name!r}; {hint}")
    for name in experiments:
        folder = PROJECT / OUTPUTS / name
        document = finished(name, folder)
        if document is None and not table:
            run(name)
            document = finished(name, folder)
        if document is None:
            print(f"{name}: no result of these settings and data in {OUTPUTS / name}; row left")
            continue
        made = row(name, document)
        put(readme, name, made)
        print(made, end="")


def main() -> None:
    """Run what the command line names, and end as the tool's own command would."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="by default all")
    parser.add_argument("--table", action="store_true", help="rewrite the table, run nothing")
    given = parser.parse_args()
    try:
        tell(given.experiments or list(AT_MOST), PROJECT / "README.md", table=given.table)
    except UserError as error:
        print(f"accuracy: {error}", file=sys.stderr)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        print("accuracy: interrupted; the same command goes on from there", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
