"""One thread for each worker: more would take the cores from the others."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # idle threads that spin would take the core from the next process
    "OMP_WAIT_POLICY": "passive",
}
"""What a library that is loaded later begins with."""


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let the libraries that are loaded calculate in one thread, as they do in every worker."""
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 1
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
