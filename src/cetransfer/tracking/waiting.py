"""Which runs wait for which server, and that one process at a time sends them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from cetransfer.errors import UserError
from cetransfer.tracking.push import ENDED, sent_tag
from cetransfer.tracking.store import SQLITE, every_run
from cetransfer.tracking.write import WANTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient


def waiting(
    local: MlflowClient, experiment_id: str, address: str | None = None
) -> dict[str, list[str]]:
    """Return the ended runs that were not sent yet, by server, the first started first.

    Parameters
    ----------
    local, experiment_id
        The local store and the experiment in it.
    address
        A server: all runs that it lacks. None: of each server, those that are meant for it.
    """
    found: dict[str, list[str]] = {}
    where = "" if address else f"tags.`{WANTED}` LIKE 'http%'"
    for run in every_run(local, experiment_id, where, ["attributes.start_time ASC"]):
        server = address or run.data.tags[WANTED]
        if run.info.status in ENDED and sent_tag(server) not in run.data.tags:
            found.setdefault(server, []).append(run.info.run_id)
    return found


@contextmanager
def only_one(uri: str) -> Iterator[None]:
    """Let one push at a time look at a store: two would send a run twice.

    Raises
    ------
    UserError
        If another one is at work.
    """
    if not uri.startswith(SQLITE) or uri.startswith(f"{SQLITE}file:"):
        yield
        return
    lock = FileLock(Path(uri.removeprefix(SQLITE)).with_suffix(".sync"))
    try:
        held = lock.acquire(blocking=False)
    except Timeout as error:
        raise UserError(
            f"runs of {uri} are being sent by another process; wait until it ends"
        ) from error
    with held:
        yield
