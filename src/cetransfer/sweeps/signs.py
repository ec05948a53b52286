"""Signs of life: each process writes its own into a table of the database that all share.

Optuna's heartbeat is that of `Study.optimize` and does nothing where trials are asked for and told.
Only the database's clock counts, so machines may disagree about the time.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Column, DateTime, MetaData, String, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

BEATS = 4
"""Signs of life within the time after which their absence means death."""

SIGNS = Table(
    "cetransfer_signs_of_life",
    MetaData(),
    Column("machine", String(255), primary_key=True),
    Column("sweep", String(255), nullable=False, index=True),
    Column("seen", DateTime(timezone=True), nullable=False),
)


class Signs:
    """The signs of life of all that work on a sweep.

    Parameters
    ----------
    engine
        Connections to the shared database.
    sweep
        Its name there.
    grace
        Seconds without a sign after which a machine counts as gone.
    """

    def __init__(self, engine: Engine, sweep: str, grace: float) -> None:
        self.engine = engine
        self.sweep = sweep
        self.grace = timedelta(seconds=grace)

    def give(self, machine: str) -> None:
        """Write that a machine lives."""
        now = func.clock_timestamp()
        row = insert(SIGNS).values(machine=machine, sweep=self.sweep, seen=now)
        with self.engine.begin() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=["machine"], set_={"seen": now})
            )

    def take_back(self, *machines: str) -> None:
        """Write that machines do not work on the sweep any more."""
        with self.engine.begin() as connection:
            connection.execute(delete(SIGNS).where(SIGNS.c.machine.in_(machines)))

    def living(self) -> set[str]:
        """Return the machines that gave a sign in time."""
        fresh = SIGNS.c.seen >= func.clock_timestamp() - self.grace
        asked = select(SIGNS.c.machine).where(SIGNS.c.sweep == self.sweep, fresh)
        with self.engine.connect() as connection:
            return set(connection.scalars(asked))

    @contextmanager
    def given_by(self, machine: str) -> Iterator[None]:
        """Give signs for a machine, from a thread of its own, as training takes long."""
        self.give(machine)
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(self.grace.total_seconds() / BEATS):
                # a server that is away for a moment; if for long, others take over
                with suppress(SQLAlchemyError):
                    self.give(machine)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            with suppress(SQLAlchemyError):
                self.take_back(machine)
