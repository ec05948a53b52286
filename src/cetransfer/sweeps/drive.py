"""Ask and tell: batches of studies go to those who train, and come back in any order."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from cetransfer.progress import meter
from cetransfer.sweeps.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.sweeps.batch import Batch, Result
    from cetransfer.sweeps.executors.executor import Executor
    from cetransfer.sweeps.machines import Machines


class Asking(Protocol):
    """What gives batches, and goes on by what becomes of them."""

    outer: int
    machines: Machines

    @property
    def total(self) -> int:
        """Number of steps that are asked for."""

    @property
    def finished(self) -> int:
        """Number of steps that came to an end."""

    def next_batch(self) -> Batch | None:
        """Return what is to be trained next; None if that depends on what is out."""

    def returned(self, batch: Batch, results: Sequence[Result]) -> None:
        """Take in what a worker found."""

    def lost(self, batch: Batch) -> None:
        """Take back what a worker held that died."""


def drive(studies: Sequence[Asking], executor: Executor, description: str, unit: str) -> None:
    """Ask and tell until all studies, each of another outer fold, have all their steps.

    Where there are no more workers than studies, each study has one batch out at most. So what it
    asks for follows from its own results alone: its numbers are those that one worker gives.

    Raises
    ------
    UserError
        If workers keep dying.
    """
    by_fold = {study.outer: study for study in studies}
    workers = executor.workers
    at_once = math.inf if workers is None else math.ceil(workers / len(studies))
    out: Counter[int] = Counter()
    patience = Patience()

    def next_batch() -> Batch | None:
        # the study that is behind comes first, so that all end at about the same time
        waiting = [study for study in studies if out[study.outer] < at_once]
        for study in sorted(waiting, key=lambda each: (out[each.outer], each.finished)):
            if (batch := study.next_batch()) is not None:
                return batch
        return None

    total, shown = sum(study.total for study in studies), 0
    with meter(description, total, unit) as advance:
        while True:
            while executor.free and (batch := next_batch()) is not None:
                executor.submit(batch)
                out[batch.outer] += 1
            now = sum(study.finished for study in studies)
            advance(now - shown)
            shown = now
            if not executor.busy:
                if all(study.finished >= study.total for study in studies):
                    return
                studies[0].machines.wait()  # others hold what is missing
                continue
            outcome = executor.next()
            study = by_fold[outcome.batch.outer]
            out[study.outer] -= 1
            if outcome.results is None:
                study.lost(outcome.batch)
                patience.lose_one()
            else:
                patience.restore()
                study.returned(outcome.batch, outcome.results)
