"""The workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import logging
import pickle
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import cetransfer
from cetransfer.compute.letter import sealed
from cetransfer.compute.workers import Workers
from cetransfer.errors import UserError
from cetransfer.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client, Future

ANSWER = 5
"""Seconds that a scheduler has to answer."""

PATIENCE = 10
"""Seconds without a result after which it is said that there is no worker."""

AHEAD = 2
"""Calls that are out for each worker, so that none waits for the next."""


class Cluster(Workers):
    """The workers of the scheduler at an address.

    A worker that dies loses nothing: its calls are done by another one, from the same arguments.

    Raises
    ------
    UserError
        If Dask is not installed, or nobody answers.
    """

    def __init__(self, address: str) -> None:
        require_cluster("distributed")
        import dask
        from distributed import Client

        # what the user has to know is told in one line
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        self.address = address
        try:
            # a client that fails to connect complains at its end
            asyncio.run(_shake_hands(address))
            self.client: Client = Client(address, timeout=ANSWER, set_as_default=False)
        # what answers may speak something else, and the first bytes of that be taken for a length
        except (OSError, ValueError, MemoryError) as error:
            raise UserError(
                f"compute.address={address}: no Dask scheduler answers ({_reason(error)}); give the"
                " address that `dask scheduler` prints, such as tcp://node01:8786"
            ) from error
        self._out: dict[Future, int] = {}
        self._told = False

    @property
    def room(self) -> bool:
        """Whether some worker would be without a next call."""
        return len(self._out) < AHEAD * max(1, self._count())

    @property
    def busy(self) -> bool:
        """Whether a call is out."""
        return bool(self._out)

    def submit(self, ticket: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Take a call."""
        letter = sealed(work, arguments)
        self._out[self.client.submit(pickle.loads, letter, pure=False)] = ticket

    def next(self) -> tuple[int, Any]:
        """Wait for a call that is finished."""
        from distributed import wait

        while True:
            try:
                with self.client.as_current():
                    found = wait(list(self._out), timeout=PATIENCE, return_when="FIRST_COMPLETED")
            except TimeoutError:
                self._tell_of_no_workers()
            except (CancelledError, OSError) as error:
                raise self._gone() from error
            else:
                break
        future = found.done.pop()
        ticket = self._out.pop(future)
        return ticket, self._value(future)

    def drop(self) -> None:
        """Cancel what is out."""
        with suppress(OSError, CancelledError):  # of a scheduler that went away
            if self._out:
                self.client.cancel(list(self._out), force=True)
        self._out = {}

    def close(self) -> None:
        """Leave the cluster; what is not finished there is forgotten."""
        with suppress(TimeoutError):
            self.client.close(timeout=ANSWER)

    def _value(self, future: Future) -> Any:  # noqa: ANN401 - whatever the work returns
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            raise UserError(
                "the workers that were given one and the same part all died (out of memory?); "
                "finished parts are kept, give the workers more memory and run the same command "
                "again"
            ) from error
        except CancelledError as error:
            raise self._gone() from error
        except (ImportError, AttributeError) as error:
            if "cetransfer" not in str(error):
                raise
            raise UserError(
                f"a worker at {self.address} has no cetransfer, or another one "
                f"({_first_line(error)}); install cetransfer {cetransfer.__version__} there"
            ) from error

    def _count(self) -> int:
        """Return the number of workers."""
        try:
            return len(self.client.nthreads())
        except OSError as error:
            raise self._gone() from error

    def _gone(self) -> UserError:
        return UserError(
            f"the Dask scheduler at {self.address} went away; finished parts are kept, run the same"
            " command again when it is back"
        )

    def _tell_of_no_workers(self) -> None:
        if not self._told and not self._count():
            say(f"  waiting: there is no worker at {self.address} yet")
            self._told = True


async def _shake_hands(address: str) -> None:
    """Connect as a client would; OSError if nobody answers as Dask does."""
    from distributed.comm import connect
    from distributed.security import Security

    secure = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=ANSWER, **secure), ANSWER + 1)
    comm.abort()


def require_cluster(package: str) -> None:
    """Refuse to go on without a package of the extra `cluster`.

    Raises
    ------
    UserError
        Naming what to install.
    """
    if find_spec(package) is None:
        raise UserError(
            f"a cluster needs the package {package}, which is not installed; "
            "run: pip install 'cetransfer[cluster]'"
        )


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "something else does"
    return _first_line(error) or "something is there and says nothing"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
