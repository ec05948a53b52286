"""Progress of long steps: a bar with the remaining time on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sized
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import RenderableType

T = TypeVar("T")

GLANCE = 0.5
"""Seconds between two looks at work that is done elsewhere."""

_console = Console(stderr=True)


def set_quiet(*, quiet: bool) -> None:
    """Silence everything but results and errors."""
    _console.quiet = quiet


@contextmanager
def hushed() -> Iterator[None]:
    """Silence what single steps say of themselves, while something greater is shown."""
    before = _console.quiet
    _console.quiet = True
    try:
        yield
    finally:
        _console.quiet = before


def say(message: str) -> None:
    """Print one line about what is happening to standard error, unless quiet."""
    _console.print(message, highlight=False, markup=False, soft_wrap=True)


def show(renderable: RenderableType) -> None:
    """Print a table about what is going to happen to standard error, unless quiet."""
    _console.print(renderable)


@contextmanager
def meter(
    description: str, total: int | None = None, unit: str = ""
) -> Iterator[Callable[..., None]]:
    """Yield a function to be called once per finished step, or with the number of steps finished.

    On a terminal: a bar with elapsed and remaining time. Piped: one line at the start and one at
    the end. Quiet: none.
    """
    terminal = sys.stderr.isatty()
    if not terminal:
        say(description if total is None else f"{description}: {total} {unit}".rstrip())
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=_console, disable=_console.quiet or not terminal) as bar:
        task = bar.add_task(description, total=total)
        yield lambda steps=1: bar.advance(task, steps)
    if not terminal:
        say(f"  done in {time.monotonic() - began:.0f} s")


def track(
    items: Iterable[T], description: str, total: int | None = None, unit: str = ""
) -> Iterator[T]:
    """Yield `items` while showing how far we are (see `meter`)."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with meter(description, total, unit) as advance:
        for item in items:
            yield item
            advance()


@contextmanager
def follow(done: Callable[[], int], description: str, total: int, unit: str) -> Iterator[None]:
    """Show how far work is that is done elsewhere (see `meter`), asking `done` now and then."""
    ended = threading.Event()

    def look(advance: Callable[[int], None]) -> None:
        shown = 0
        while True:
            last = ended.wait(GLANCE)
            now = done()
            advance(now - shown)
            shown = now
            if last:
                return

    with meter(description, total, unit) as advance:
        watcher = threading.Thread(target=look, args=(advance,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
