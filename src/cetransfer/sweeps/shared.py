"""A sweep in a PostgreSQL database, on which several machines work together."""

from __future__ import annotations

import os
import socket
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import optuna
import sqlalchemy
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from cetransfer.errors import UserError
from cetransfer.passwords import without_passwords
from cetransfer.progress import say
from cetransfer.provenance import digest
from cetransfer.sweeps.machines import Machines
from cetransfer.sweeps.signs import SIGNS, Signs
from cetransfer.sweeps.storage import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Engine

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
DRIVER = "postgresql+psycopg"

CONNECT = 10
"""Seconds to wait for a server that does not answer."""

STOPPED = 600
"""Seconds after which the server takes a turn away from a process that does nothing with it: its
machine may be gone without a word. A turn takes seconds."""

GLANCE = 2.0
"""Seconds between two looks at what others have done, at most."""


class Sharing(Machines):
    """The processes that share a sweep; a turn is a lock that the database holds.

    The lock ends with its transaction, so also with the process or its connection.

    Parameters
    ----------
    engine
        Connections to the database.
    sweep
        Name of the sweep there.
    grace
        Seconds without a sign of life after which a process counts as gone.
    """

    def __init__(self, engine: Engine, sweep: str, grace: float) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.signs = Signs(engine, sweep, grace)
        self._engine = engine
        self._lock = lock_number(sweep)
        self._glance = min(GLANCE, grace / 2)
        self._told = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one that reads and writes the studies."""
        with locked(self._engine, self._lock):
            yield

    def gone(self, names: set[str]) -> set[str]:
        """Return those of the names that gave no sign of life for too long."""
        return names - self.signs.living() - {self.name} if names else names

    def wait(self) -> None:
        """Let some time pass in which others may come to an end."""
        if not self._told:
            grace = self.signs.grace.total_seconds()
            say(
                "waiting for trials that other machines hold; those of a machine that gives no "
                f"sign of life for sweep.grace={grace:g} seconds are tried here"
            )
            self._told = True
        time.sleep(self._glance)


@contextmanager
def open_shared(address: str, sweep: str, grace: float) -> Iterator[Place]:
    """Open a shared database, making its tables where they are not there yet, and live in it.

    Parameters
    ----------
    address
        As `sweep.storage`, with the password if it has one.
    sweep
        Name of the sweep there.
    grace
        Seconds without a sign of life after which a process counts as gone.

    Raises
    ------
    UserError
        If it cannot be reached, read or written, now or later.
    """
    url = address_of(address)
    with shared_errors(url):
        engine = _engine(url)
        try:
            # two that make the same tables at the same time fail
            with locked(engine, lock_number("")):
                SIGNS.metadata.create_all(engine)
                storage = _storage(url)
            machines = Sharing(engine, sweep, grace)
            with machines.signs.given_by(machines.name):
                yield Place(
                    storage,
                    words=f"{shown(url)}, study {sweep},",
                    remedy="sweep.study=NAME of its own",
                    prefix=f"{sweep}/",
                    machines=machines,
                )
        finally:
            engine.dispose()


@contextmanager
def look_at_shared(address: str) -> Iterator[tuple[optuna.storages.BaseStorage, Engine] | None]:
    """Open a shared database to read it only; None where nothing was begun in it.

    Raises
    ------
    UserError
        If it cannot be reached or read.
    """
    url = address_of(address)
    with shared_errors(url):
        engine = _engine(url)
        try:
            tables = sqlalchemy.inspect(engine).get_table_names()
            begun = {"studies", SIGNS.name} <= set(tables)
            yield (_storage(url), engine) if begun else None
        finally:
            engine.dispose()


def address_of(address: str) -> URL:
    """Return the address of a database, with the driver that we use.

    Raises
    ------
    UserError
        If it is none, or names another kind of database.
    """
    words = without_passwords(address)
    try:
        url = sqlalchemy.make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in SCHEMES or not url.database:
        raise UserError(
            f"sweep.storage={words} is no address of a PostgreSQL database; give "
            "sweep.storage=postgresql://USER@HOST/DATABASE (the password in ~/.pgpass or "
            "PGPASSWORD), or null for a file in the sweep's folder"
        )
    return url.set(drivername=DRIVER)


def shown(url: URL) -> str:
    """Return an address as it may be shown: as the user writes it, and without a password."""
    return url.set(drivername=SCHEMES[0]).render_as_string(hide_password=True)


def lock_number(name: str) -> int:
    """Return the number by which PostgreSQL knows the lock of a sweep, below 2^63."""
    return int(digest(["cetransfer", name])[:15], 16)


@contextmanager
def locked(engine: Engine, number: int) -> Iterator[None]:
    """Hold a lock of the database."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{STOPPED}s'")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(number)))
        yield


@contextmanager
def shared_errors(url: URL) -> Iterator[None]:
    """Turn what goes wrong with a shared database into one line that names it.

    Raises
    ------
    UserError
        If it cannot be reached, read or written.
    """
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        lines = [line for line in str(cause).splitlines() if line.strip()]
        reason = without_passwords(lines[0] if lines else type(cause).__name__)
        raise UserError(
            f"sweep.storage={shown(url)} cannot be used ({reason}); see that the server runs and "
            "user, password (~/.pgpass or PGPASSWORD) and database are right, then give the same "
            "command again: finished trials are kept"
        ) from None


def _engine(url: URL) -> Engine:
    try:
        return sqlalchemy.create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT}
        )
    except ImportError as error:
        raise UserError(
            "sweep.storage=postgresql://... needs the driver psycopg; "
            "pip install 'cetransfer[postgresql]'"
        ) from error


def _storage(url: URL) -> optuna.storages.RDBStorage:
    try:
        return optuna.storages.RDBStorage(
            url.render_as_string(hide_password=False),
            engine_kwargs={
                "pool_pre_ping": True,
                "connect_args": {"connect_timeout": CONNECT},
            },
        )
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"sweep.storage={shown(url)} holds studies of another version of Optuna ({reason}); "
            "give another database"
        ) from error
