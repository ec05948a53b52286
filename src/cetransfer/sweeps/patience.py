"""How long a sweep goes on while its workers die."""

from __future__ import annotations

import time

from cetransfer.errors import UserError

DEATHS = 20
SECONDS = 300.0
"""How many workers have died one after the other, and how many seconds have passed, none finishing
a batch, when the sweep gives up: killed every few seconds for a while, it must go on afterwards."""


class Patience:
    """Counts the workers that died since the last batch that was finished."""

    def __init__(self) -> None:
        self.restore()

    def restore(self) -> None:
        """Note that a batch was finished."""
        self._deaths, self._since = 0, time.monotonic()

    def lose_one(self) -> None:
        """Note that a worker died.

        Raises
        ------
        UserError
            If too many have, for too long.
        """
        self._deaths += 1
        if self._deaths > DEATHS and time.monotonic() - self._since > SECONDS:
            raise UserError(
                f"{self._deaths} workers ended early, one after the other (out of memory?); "
                "give a smaller sweep.batch or compute.workers and run again"
            )
