"""What every executor can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from cetransfer.sweeps.batch import Batch, Outcome


class Executor(ABC):
    """Takes batches and gives them back in any order; keeps nothing else.

    A batch whose worker died comes back without results: the study decides what becomes of it.
    """

    @property
    @abstractmethod
    def workers(self) -> int | None:
        """How many batches are trained at the same time; None where that changes."""

    @property
    @abstractmethod
    def free(self) -> bool:
        """Whether a batch would be begun at once."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether a batch is out."""

    @abstractmethod
    def submit(self, batch: Batch) -> None:
        """Begin a batch."""

    @abstractmethod
    def next(self) -> Outcome:
        """Wait for a batch that came back."""

    @abstractmethod
    def close(self) -> None:
        """End all workers."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
