"""When runs are sent on: at the end of each command that logged some, and by `cetransfer sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.progress import say, track
from cetransfer.tracking.push import Pusher
from cetransfer.tracking.remote import ServerAwayError, experiment_on, open_server
from cetransfer.tracking.store import store_errors
from cetransfer.tracking.waiting import only_one, waiting

if TYPE_CHECKING:
    from cetransfer.tracking.store import Store


def require_server(store: Store) -> None:
    """Refuse an address where something else than an MLflow server answers, before any work.

    A server that is away is no reason to stop: runs wait for it.

    Raises
    ------
    UserError
        If what answers is no MLflow server, or refuses.
    """
    if store.remote is None:
        return
    try:
        open_server(store.remote)
    except ServerAwayError as error:
        say(str(error))


def send_on(store: Store, experiment: str) -> None:
    """Send the runs that wait for the store's server; where that fails, say so and go on.

    The work that was logged is done, and its runs wait: nothing is lost.
    """
    if store.remote is None:
        return
    try:
        sent = sync(store, experiment)
        say(f"tracking: {sent} runs sent to {store.remote}")
    except UserError as error:
        say(str(error))


def sync(store: Store, experiment: str, *, everything: bool = False) -> int:
    """Send runs to their servers and return how many were sent.

    Parameters
    ----------
    store
        The open store; its `remote`, if it has one, is the only server that is sent to.
    experiment
        Its name, the same on the server.
    everything
        Send all runs that the server lacks, not only those meant for it.

    Raises
    ------
    UserError
        If a server or the store fails.
    """
    sent = 0
    with only_one(store.uri):
        with store_errors(store.uri):
            found = waiting(store.client, store.experiment_id, store.remote if everything else None)
        if store.remote:
            found = {store.remote: found.get(store.remote, [])}
        for address, runs in found.items():
            remote = open_server(address)
            there = experiment_on(remote, address, experiment)
            pusher = Pusher(store.client, remote, store.uri, address, there)
            for run_id in track(runs, f"runs to {address}") if runs else ():
                pusher.push(run_id)
            sent += pusher.sent
    return sent
