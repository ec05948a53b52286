"""Work in parts: each part is a call of its own, done by whoever was chosen to work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from cetransfer.compute.chosen import local_workers, workers
from cetransfer.progress import follow, track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cetransfer.compute.workers import Workers

T = TypeVar("T")


def in_parts(
    work: Callable[..., T],
    calls: Iterable[tuple[Any, ...]],
    keep: Callable[[int, T], None],
    total: int,
    description: str,
    *,
    most_workers: int | None = None,
) -> None:
    """Call `work` with the arguments of each of `calls`, and `keep` what comes of it.

    Parameters
    ----------
    work
        A function of a module. It writes nothing: a worker elsewhere may share no disk with us.
    calls
        Read as they are needed: what they hold is never in memory all at once.
    keep
        Called in this process, with the place of a call in `calls` and its value, as soon as it is
        finished and in any order; what it writes is there when a killed run goes on.
    total, description
        For the progress.
    most_workers
        Processes of this machine that pay, where it is to work: starting them takes a second or
        two. None for one a call.

    Raises
    ------
    UserError
        What `work` or `keep` raises, or if workers keep dying.
    """
    unit = "part" if total == 1 else "parts"
    most = total if most_workers is None else min(most_workers, total)
    with workers(most) as crew:
        for place, value in track(_finished(crew, work, calls), description, total, unit):
            keep(place, value)


def side_by_side(
    work: Callable[..., None],
    calls: Sequence[tuple[Any, ...]],
    done: Callable[[], int],
    total: int,
    description: str,
    unit: str,
) -> None:
    """Call `work` with the arguments of each of `calls`, few and long ones, on this machine.

    Parameters
    ----------
    work
        A function of a module; keeps its result itself, step by step.
    calls
        Are begun in their order.
    done
        Returns how much of `total` the work has done and kept so far, for the progress.
    total, description, unit
        For the progress.

    Raises
    ------
    UserError
        As `in_parts`.
    """
    with (
        local_workers(len(calls)) as crew,
        follow(done, description, total, unit),
    ):
        for _ in _finished(crew, work, calls):
            pass


def _finished(
    crew: Workers, work: Callable[..., T], calls: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[int, T]]:
    """Yield the place and the value of each call that is finished, in any order."""
    left = enumerate(calls)
    following = next(left, None)
    while crew.busy or following:
        while following and crew.room:
            crew.submit(following[0], work, following[1])
            following = next(left, None)
        yield crew.next()
