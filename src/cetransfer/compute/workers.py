"""What all who can work have in common, and this process as one of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from cetransfer.compute.threads import single_threaded

if TYPE_CHECKING:
    from collections.abc import Callable


class Workers(ABC):
    """They take calls and give back what came of them, in any order.

    Whatever dies, every call that was submitted comes back once, or `next` raises.
    """

    @property
    @abstractmethod
    def room(self) -> bool:
        """Whether one more call would be begun at once or soon."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether a call is out."""

    @abstractmethod
    def submit(self, ticket: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Take a call; what comes of it has the same ticket.

        `work` is a function of a module, whose value depends on its arguments alone: it may be
        called again where a worker died. All of it has to be picklable.
        """

    @abstractmethod
    def next(self) -> tuple[int, Any]:
        """Wait for a call that is finished; return its ticket and its value.

        Raises
        ------
        UserError
            What the work raised, or that workers keep dying or are not fit to work.
        """

    @abstractmethod
    def drop(self) -> None:
        """Give up what is out."""


class Here(Workers):
    """The process that asks, one call at a time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Callable[..., Any], tuple[Any, ...]]] = []

    @property
    def room(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    @property
    def busy(self) -> bool:
        """Whether a call waits."""
        return bool(self._waiting)

    def submit(self, ticket: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Take a call; it is done when it is asked for."""
        self._waiting.append((ticket, work, arguments))

    def next(self) -> tuple[int, Any]:
        """Do a call."""
        ticket, work, arguments = self._waiting.pop(0)
        with single_threaded():
            return ticket, work(*arguments)

    def drop(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
