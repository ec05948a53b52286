"""Training batches for a parent: a process on its pipes, or a worker of a cluster."""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from cetransfer.compute.processes import end_with
from cetransfer.errors import UserError
from cetransfer.progress import set_quiet
from cetransfer.sweeps.batch import Batch, Result
from cetransfer.sweeps.workshop import Workshop


def train_batch(
    words: tuple[str, ...], root: str, document: dict[str, Any]
) -> list[dict[str, Any]]:
    """Train a batch and return its results, all as plain values.

    Parameters
    ----------
    words
        Overrides of the sweep's command line.
    root
        The project's folder.
    document
        Of the batch.

    Raises
    ------
    UserError
        If the folder is not to be seen from here.
    """
    if not Path(root).is_dir():
        raise UserError(
            f"a worker sees no folder {root}; a sweep needs the project's folder on a disk that "
            "all workers share"
        )
    batch = Batch.from_document(document)
    set_quiet(quiet=True)
    try:
        results = _workshop(words, root).train(batch)
    except UserError as error:
        # the parent knows the same data and configuration: one trial's fault, told as such
        results = [Result(item.trial, [], reason=str(error)) for item in batch.items]
    return [result.document() for result in results]


@cache
def _workshop(words: tuple[str, ...], root: str) -> Workshop:
    return Workshop(words, Path(root))


def main() -> None:
    """Train batches until the parent closes the pipe or dies."""
    end_with(os.getppid())
    # what libraries print must not come between the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.loads(sys.stdin.readline())
    words = tuple(job["words"])
    for line in sys.stdin:
        answers.write(json.dumps(train_batch(words, job["root"], json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
