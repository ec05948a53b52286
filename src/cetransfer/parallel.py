"""Work in parts on all cores, one thread each."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.progress import follow, track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

HEARTBEAT = 0.5
"""Seconds between two looks at the parent."""


def in_parts(
    work: Callable[..., None],
    calls: Iterable[tuple[Any, ...]],
    total: int,
    description: str,
    *,
    most_workers: int,
) -> None:
    """Call `work` with the arguments of each of `calls`, in processes where that pays.

    Parameters
    ----------
    work
        A function of a module; keeps its result itself, so that a killed run has all that was
        finished.
    calls
        Read as they are needed: what they hold is never in memory all at once.
    total, description
        For the progress.
    most_workers
        With one, everything runs in this process: starting others takes a second or two.

    Raises
    ------
    UserError
        What `work` raises, or if a process ends early.
    """
    unit = "part" if total == 1 else "parts"
    workers = min(most_workers, total)
    for _ in track(_finished(work, calls, workers, description), description, total, unit):
        pass


def side_by_side(
    work: Callable[..., None],
    calls: Sequence[tuple[Any, ...]],
    done: Callable[[], int],
    total: int,
    description: str,
    unit: str,
) -> None:
    """Call `work` with the arguments of each of `calls`, few and long ones, on all cores.

    Parameters
    ----------
    work, calls
        As of `in_parts`; calls are begun in their order.
    done
        Returns how much of `total` the work has done and kept so far, for the progress.
    total, description, unit
        For the progress.

    Raises
    ------
    UserError
        As `in_parts`.
    """
    with follow(done, description, total, unit):
        for _ in _finished(work, calls, len(calls), description):
            pass


def _finished(
    work: Callable[..., None],
    calls: Iterable[tuple[Any, ...]],
    most_workers: int,
    description: str,
) -> Iterator[None]:
    """Yield after each call that is finished, in any order."""
    from joblib import Parallel, cpu_count, delayed, parallel_config

    workers = min(cpu_count(), most_workers)
    if workers <= 1:
        for arguments in calls:
            work(*arguments)
            yield
        return
    # idle threads that spin would take the core from the next process
    with parallel_config(
        backend="loky", inner_max_num_threads=1, initializer=end_with, initargs=(os.getpid(),)
    ):
        done = Parallel(n_jobs=workers, return_as="generator_unordered")(
            delayed(work)(*arguments) for arguments in calls
        )
        try:
            yield from done
        except BrokenProcessPool as error:
            raise UserError(
                f"{description}: a worker process ended early (out of memory?); finished parts are "
                "kept, run the same command again"
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
