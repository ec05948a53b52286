"""One process that trains itself: one batch after the other, so a sweep can be repeated exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.progress import hushed
from cetransfer.sweeps.batch import Outcome
from cetransfer.sweeps.executors.executor import Executor

if TYPE_CHECKING:
    from cetransfer.sweeps.batch import Batch
    from cetransfer.sweeps.workshop import Workshop


class Here(Executor):
    """The workers are this process."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self._waiting: list[Batch] = []

    @property
    def workers(self) -> int:
        """One."""
        return 1

    @property
    def free(self) -> bool:
        """Whether the last batch was given back."""
        return not self._waiting

    @property
    def busy(self) -> bool:
        """Whether a batch is out."""
        return bool(self._waiting)

    def submit(self, batch: Batch) -> None:
        """Take a batch; it is trained when its outcome is asked for."""
        self._waiting.append(batch)

    def next(self) -> Outcome:
        """Train a batch."""
        batch = self._waiting.pop(0)
        with hushed():
            return Outcome(batch, self.workshop.train(batch))

    def close(self) -> None:
        """End nothing."""
