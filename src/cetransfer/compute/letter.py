"""How a call travels to a worker of a cluster, and what it finds there."""

from __future__ import annotations

import os
import pickle
import socket
import threading
from typing import TYPE_CHECKING, Any

import cetransfer
from cetransfer.compute.threads import ENVIRONMENT, single_threaded
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

_one_at_a_time = threading.Lock()


def sealed(work: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    """Pack a call into bytes; `pickle.loads` of them does it.

    Only bytes and a function of Python's own are sent: Dask takes those apart on its scheduler and
    in the middle of a worker, which ends when it meets a package that is missing there.
    """
    import cloudpickle

    return pickle.dumps(_Letter(cetransfer.__version__, cloudpickle.dumps((work, arguments))))


class _Letter:
    """A call that is made where it is unpacked."""

    def __init__(self, version: str, content: bytes) -> None:
        self._content = (version, content)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, bytes]]:
        return opened, self._content


def opened(version: str, content: bytes) -> Any:  # noqa: ANN401 - whatever the work returns
    """Do a call in a worker, one at a time and in one thread.

    The version is looked at before anything else of ours is unpacked.

    Raises
    ------
    UserError
        If the worker has another version, or what the work raises.
    """
    if version != cetransfer.__version__:
        raise UserError(
            f"the worker on {socket.gethostname()} has cetransfer {cetransfer.__version__}, this is"
            f" {version}; install the same version there"
        )
    os.environ.update(ENVIRONMENT)
    with _one_at_a_time, single_threaded():
        work, arguments = pickle.loads(content)  # noqa: S301 - from the client, as all of Dask's
        return work(*arguments)
