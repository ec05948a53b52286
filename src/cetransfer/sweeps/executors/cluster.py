"""The workers of a cluster, as the group `compute` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.sweeps.batch import Outcome, Result
from cetransfer.sweeps.executors.executor import Executor
from cetransfer.sweeps.worker import train_batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from cetransfer.compute.workers import Workers
    from cetransfer.sweeps.batch import Batch


class OnCluster(Executor):
    """Workers that see the project's folder; what one held that died is done by another.

    Parameters
    ----------
    words
        Overrides of the sweep's command line.
    root
        The project's folder.
    workers
        They are left when this is closed.
    """

    def __init__(
        self, words: Sequence[str], root: Path, workers: AbstractContextManager[Workers]
    ) -> None:
        self._job = (tuple(words), str(root))
        self._crew = workers
        self._workers = workers.__enter__()
        self._out: dict[int, Batch] = {}
        self._sent = 0

    @property
    def workers(self) -> None:
        """Unknown: they come and go."""

    @property
    def free(self) -> bool:
        """Whether a batch would be begun soon."""
        return self._workers.room

    @property
    def busy(self) -> bool:
        """Whether a batch is out."""
        return bool(self._out)

    def submit(self, batch: Batch) -> None:
        """Send a batch."""
        self._sent += 1
        self._out[self._sent] = batch
        self._workers.submit(self._sent, train_batch, (*self._job, batch.document()))

    def next(self) -> Outcome:
        """Wait for a batch that came back."""
        ticket, results = self._workers.next()
        return Outcome(self._out.pop(ticket), [Result(**each) for each in results])

    def close(self) -> None:
        """Leave the cluster; what is out is given up."""
        self._crew.__exit__(None, None, None)
