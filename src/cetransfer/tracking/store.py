"""The local MLflow store: one SQLite file with the artifacts beside it, both under `mlruns/`."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cetransfer.errors import UserError
from cetransfer.provenance import run_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities import Run

    from cetransfer.settings import TrackingSettings

SQLITE = "sqlite:///"
SERVERS = ("http://", "https://")

#: every column of the store that holds the absolute address of an artifact
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


@dataclass(frozen=True)
class Store:
    """An open store: the client, the experiment that runs go to, and the store's address.

    `tags` say what code and data the runs rest on, as they were when the store was opened, before
    any work; see `cetransfer.provenance.run_tags`. `remote` is the server that runs are sent on to.
    """

    client: MlflowClient
    experiment_id: str
    uri: str
    tags: dict[str, str]
    remote: str | None = None


def database(root: Path) -> Path:
    """Return the local store's file."""
    return root / "mlruns" / "mlflow.db"


def remote_of(settings: TrackingSettings) -> str | None:
    """Return the server that runs are sent on to, if the configuration names one."""
    uri = settings.uri or ""
    return uri.rstrip("/") if uri.startswith(SERVERS) else None


def local_uri(settings: TrackingSettings, root: Path) -> str:
    """Return the address of the store that runs are written to: a server is never that."""
    if settings.uri is None or remote_of(settings):
        return f"{SQLITE}{database(root)}"
    return settings.uri


def open_store(settings: TrackingSettings, root: Path) -> Store:
    """Open the store, making it and the experiment where they are not there yet.

    Raises
    ------
    UserError
        If the store cannot be opened, naming its address.
    """
    import_mlflow()
    from mlflow import MlflowClient

    remote = remote_of(settings)
    uri = local_uri(settings, root)
    location = None
    with store_errors(uri):
        if uri.startswith(SQLITE) and not uri.startswith(f"{SQLITE}file:"):
            file = Path(uri.removeprefix(SQLITE)).resolve()
            file.parent.mkdir(parents=True, exist_ok=True)
            make_database(file)
            location = (file.parent / "artifacts").as_uri()
        relocate(root)
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(settings.experiment)
        if experiment is None:
            experiment_id = client.create_experiment(settings.experiment, location)
        elif experiment.lifecycle_stage == "deleted":
            raise UserError(
                f"tracking.experiment={settings.experiment} was deleted in {uri}; "
                "restore it or give tracking.experiment another name"
            )
        else:
            experiment_id = experiment.experiment_id
    return Store(client, experiment_id, uri, run_tags(root), remote)


def make_database(file: Path) -> None:
    """Make MLflow's tables in a new file, which is there with all of them or not at all.

    MLflow builds them in many steps and never goes on with a half-built file, so a process killed
    meanwhile would leave a store that nobody can open.
    """
    from mlflow import MlflowClient

    if file.exists():
        return
    with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
        aside = Path(folder) / file.name
        MlflowClient(tracking_uri=f"{SQLITE}{aside}").search_experiments(max_results=1)
        # a link and no rename: it leaves alone what another process made and filled meanwhile
        with suppress(FileExistsError):
            file.hardlink_to(aside)


def import_mlflow() -> None:
    """Import MLflow, which shall call no one and print nothing."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: F401

    # after the import, which sets the levels itself; what goes wrong is told by our own errors
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def store_errors(
    uri: str, remedy: str = "mend it or give tracking.uri=sqlite:////some/other/file.db"
) -> Iterator[None]:
    """Turn what goes wrong with a store into one line that names it.

    Parameters
    ----------
    uri
        Of the store.
    remedy
        What the user can do about it.

    Raises
    ------
    UserError
        If the store at `uri` cannot be read or written.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = next((line for line in str(error).splitlines() if "Error)" in line), str(error))
        raise UserError(
            f"the tracking store {uri} cannot be opened or written ({reason.splitlines()[0]}); "
            f"{remedy}"
        ) from error


def every_run(
    client: MlflowClient, experiment_id: str, asked: str, order_by: list[str] | None = None
) -> Iterator[Run]:
    """Yield all runs of an experiment that a filter finds, however many pages they fill."""
    token = None
    while True:
        page = client.search_runs(
            [experiment_id], asked, max_results=1000, order_by=order_by, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def relocate(root: Path) -> None:
    """Point every artifact address to the folder's present place, after it was moved.

    MLflow stores absolute addresses; the local store keeps its artifacts beside its file, so what
    stands before `/mlruns/artifacts` is where the folder was.
    """
    file = database(root)
    if not file.is_file():
        return
    here = root.resolve().as_uri() + "/mlruns/artifacts"
    with closing(sqlite3.connect(file)) as connection, connection:
        present = {
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        for table, column in ADDRESSES:
            if table not in present:
                continue
            connection.execute(
                f"UPDATE {table} SET {column} = ? || "  # noqa: S608 - names from the list above
                f"substr({column}, instr({column}, '/mlruns/artifacts') + 17) "
                f"WHERE instr({column}, '/mlruns/artifacts') AND {column} LIKE 'file:///%' "
                f"AND substr({column}, 1, length(?)) <> ?",
                (here, here, here),
            )


def main() -> None:
    """Make the local store ready for `mlflow ui`: called by `make ui`."""
    from cetransfer.settings import project_root

    relocate(project_root())


if __name__ == "__main__":
    main()
