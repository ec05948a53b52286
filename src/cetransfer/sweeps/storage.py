"""Where a sweep lies: a folder with an SQLite file that holds a study for each outer fold.

SQLite, as a process that is killed in the middle of a write leaves a whole database: Optuna's
journal files stay locked for half a minute then.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from cetransfer.errors import UserError
from cetransfer.files import writing_to
from cetransfer.sweeps.machines import ALONE, Machines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.study import Study

DATABASE = "study.db"

LOCK = ".lock"
"""File that the process which works on the sweep of a folder holds."""

LOOK = 1.0
"""Seconds to wait for one that only looks whether somebody works on it."""

KEY = "key"
"""User attribute of a study: the key of the sweep it belongs to."""

NAME = "sweep"
"""User attribute of a study: the name of its search space."""

TRIALS = "trials"
"""User attribute of a study: how many are asked for."""

PATIENCE = 60
"""Seconds to wait for a database that another process writes to."""


@dataclass(frozen=True)
class Place:
    """Where the studies of a sweep lie.

    `words` say it in a message, `remedy` what to give where another sweep lies there; `prefix`
    begins the names of its studies, and `machines` work on them.
    """

    storage: BaseStorage
    words: str
    remedy: str
    prefix: str = ""
    machines: Machines = ALONE


def _connect(path: Path) -> sqlite3.Connection:
    """Open a database without waiting for the disk at each of many small writes.

    What a process has written survives its death all the same, if not the machine's; the file is
    whole after either.
    """
    connection = sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def open_storage(folder: Path) -> BaseStorage:
    """Open the database of a sweep, making it where it is not there yet.

    Raises
    ------
    UserError
        If it is damaged, locked or cannot be written.
    """
    path = folder / DATABASE
    with storage_errors(path):
        return optuna.storages.RDBStorage(
            f"sqlite:///{path}", engine_kwargs={"creator": lambda: _connect(path)}
        )


@contextmanager
def open_folder(folder: Path) -> Iterator[Place]:
    """Open the database of a sweep's folder, making it where it is not there yet.

    Raises
    ------
    UserError
        If it is damaged, locked or cannot be written, now or later, or another process works on
        the sweep: each would take the other's trials for those of a process that died.
    """
    with writing_to(folder):
        try:
            held = FileLock(folder / LOCK).acquire(timeout=LOOK)
        except Timeout as error:
            raise UserError(
                f"another process works on the sweep in {folder}; wait until it ends or stop it; "
                "several share a sweep with sweep.storage=ADDRESS, workers with compute.workers=N"
            ) from error
    with held, storage_errors(folder / DATABASE):
        yield Place(open_storage(folder), f"{folder}", "output_dir=FOLDER of its own, or none")


def at_work(folder: Path) -> int:
    """Return how many processes work on the sweep of a folder: one or none."""
    # looking makes no file
    if not (folder / LOCK).is_file():
        return 0
    try:
        with FileLock(folder / LOCK, blocking=False):
            return 0
    except Timeout:
        return 1


def open_study(
    place: Place,
    outer: int,
    *,
    key: str,
    name: str,
    trials: int,
    directions: int,
    sampler: BaseSampler,
    pruner: BasePruner,
) -> Study:
    """Open the study of an outer fold, making it where it is not there yet.

    Raises
    ------
    UserError
        If it belongs to another sweep.
    """
    with place.machines.turn():
        study = optuna.create_study(
            storage=place.storage,
            sampler=sampler,
            pruner=pruner,
            study_name=f"{place.prefix}{study_name(outer)}",
            directions=["minimize"] * directions,
            load_if_exists=True,
        )
        found = study.user_attrs.get(KEY, key)
        if found != key:
            raise UserError(
                f"{place.words} holds a sweep with another search space, configuration or data "
                f"(sweep={study.user_attrs.get(NAME)}, key {found[:8]}, not {key[:8]}); give "
                f"{place.remedy}"
            )
        if KEY not in study.user_attrs:
            study.set_user_attr(NAME, name)
            study.set_user_attr(KEY, key)
        if study.user_attrs.get(TRIALS) != trials:
            study.set_user_attr(TRIALS, trials)
    return study


def study_name(outer: int) -> str:
    """Return the name of the study of an outer fold."""
    return f"outer-{outer}"


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a database into one line that names it.

    Raises
    ------
    UserError
        If it cannot be read or written.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = str(cause).splitlines()[0]
        raise UserError(
            f"{path} cannot be read or written ({reason}); mend it or give output_dir=FOLDER"
        ) from error
