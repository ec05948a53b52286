"""A worker process: reads batches from its standard input, trains them, writes what it found."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from cetransfer.errors import UserError
from cetransfer.parallel import end_with
from cetransfer.progress import set_quiet
from cetransfer.sweeps.batch import Batch, Result
from cetransfer.sweeps.workshop import Workshop


def main() -> None:
    """Train batches until the parent closes the pipe or dies."""
    end_with(os.getppid())
    set_quiet(quiet=True)
    # what libraries print must not come between the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.loads(sys.stdin.readline())
    workshop: Workshop | None = None
    for line in sys.stdin:
        batch = Batch.from_document(json.loads(line))
        try:
            workshop = workshop or Workshop(job["words"], Path(job["root"]))
            results = workshop.train(batch)
        except UserError as error:
            # the parent knows the same data and configuration: one trial's fault, told as such
            results = [Result(item.trial, [], reason=str(error)) for item in batch.items]
        answers.write(json.dumps([result.document() for result in results]) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
