"""Who else works on a study: nobody, unless its storage is shared."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Machines:
    """All that work on a sweep, of which this process is one; here it is the only one.

    A study is read and written in turns: in its turn a process sees all that others have written,
    and finishes what one of them was killed in the middle of.
    """

    #: of this process; trials it holds have it as an attribute, so that others leave them alone
    name = ""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one that reads and writes."""
        yield

    def gone(self, names: set[str]) -> set[str]:  # noqa: ARG002 - there are no others
        """Return those of the names that gave no sign of life for too long."""
        return set()

    def wait(self) -> None:
        """Let some time pass in which others may come to an end."""


ALONE = Machines()
