"""Work in parts on all cores, one thread each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cetransfer.progress import track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


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
        What `work` raises.
    """
    from joblib import Parallel, cpu_count, delayed, parallel_config

    workers = min(cpu_count(), most_workers, total)
    if workers <= 1:
        for arguments in track(calls, description, total, "parts"):
            work(*arguments)
        return
    # idle threads that spin would take the core from the next process
    with parallel_config(backend="loky", inner_max_num_threads=1):
        done = Parallel(n_jobs=workers, return_as="generator_unordered")(
            delayed(work)(*arguments) for arguments in calls
        )
        for _ in track(done, description, total, "parts"):
            pass
