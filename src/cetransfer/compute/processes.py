"""Processes of this machine as workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from cetransfer.compute.threads import ENVIRONMENT
from cetransfer.compute.workers import Workers
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

HEARTBEAT = 0.5
"""Seconds between two looks at the parent."""

WARM = 60
"""Seconds that a process waits for the next part: what it has loaded is not loaded again."""

AHEAD = 2
"""Calls that are out for each process, so that none waits for the next."""


class Processes(Workers):
    """Processes of one thread each, which end with this one, however that ends."""

    def __init__(self, number: int) -> None:
        from joblib.externals.loky import get_reusable_executor

        self._most = AHEAD * number
        self._pool = get_reusable_executor(
            number, timeout=WARM, initializer=end_with, initargs=(os.getpid(),), env=ENVIRONMENT
        )
        self._out: dict[Future[Any], int] = {}

    @property
    def room(self) -> bool:
        """Whether some process would be without a next call."""
        return len(self._out) < self._most

    @property
    def busy(self) -> bool:
        """Whether a call is out."""
        return bool(self._out)

    def submit(self, ticket: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Take a call."""
        with _told():
            self._out[self._pool.submit(work, *arguments)] = ticket

    def next(self) -> tuple[int, Any]:
        """Wait for a call that is finished."""
        future = wait(self._out, return_when=FIRST_COMPLETED).done.pop()
        ticket = self._out.pop(future)
        with _told():
            return ticket, future.result()

    def drop(self) -> None:
        """End the processes where any has work left."""
        if self._out:
            self._pool.shutdown(kill_workers=True)
        self._out = {}


class _told:  # noqa: N801 - used as a function
    """Turn the end of a process into one line."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BrokenProcessPool):
            raise UserError(
                "a worker process ended early (out of memory?); finished parts are kept, run the "
                "same command again, with a smaller compute.workers if it happens again"
            ) from error


def end_with(parent: int) -> None:
    """End this worker process soon after its parent, which may have been killed outright.

    Ctrl-C reaches every process at once; it is the parent's to answer.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(HEARTBEAT)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
