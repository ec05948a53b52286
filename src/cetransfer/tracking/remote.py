"""An MLflow server that runs are sent on to, and what may be wrong with it, in one line."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

#: seconds to wait for an answer, and how often to ask again
TIMEOUT = "20"
RETRIES = "1"
#: what MLflow says when there was no answer at all
NO_ANSWER = ("failed with exception", "failed with timeout exception")


class ServerAwayError(UserError):
    """The server does not answer: runs wait for it."""


@contextmanager
def server_errors(address: str) -> Iterator[None]:
    """Turn what goes wrong with a server into one line that names it.

    Raises
    ------
    ServerAwayError
        If it cannot be reached.
    UserError
        If it refuses, or is no MLflow server.
    """
    import requests
    from google.protobuf.json_format import Error as WrongFieldsError
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, WrongFieldsError, requests.RequestException, ValueError) as error:
        reason = " ".join(str(error).split())
        unreachable = isinstance(error, requests.ConnectionError | requests.Timeout)
        if unreachable or any(words in reason for words in NO_ANSWER):
            raise ServerAwayError(
                f"the tracking server {address} does not answer; what was logged is safe in the "
                "local store, send it with `cetransfer sync` when the server is back"
            ) from error
        raise UserError(
            f"the tracking server {address} gives no answer of an MLflow server "
            f"({reason[:160]}); check tracking.uri, and the user and password in "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        ) from error


def open_server(address: str) -> MlflowClient:
    """Return a client of a server that is there and speaks MLflow's language.

    Raises
    ------
    UserError
        As `server_errors`.
    """
    # MLflow asks for minutes where nobody answers
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", TIMEOUT)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", RETRIES)
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    from mlflow import MlflowClient

    with server_errors(address):
        client = MlflowClient(tracking_uri=address)
        client.search_experiments(max_results=1)
    return client


def experiment_on(client: MlflowClient, address: str, name: str) -> str:
    """Return the id of an experiment on a server, made where it is not there yet.

    Raises
    ------
    UserError
        If it was deleted there, or as `server_errors`.
    """
    with server_errors(address):
        found = client.get_experiment_by_name(name)
        if found is None:
            found = client.get_experiment(client.create_experiment(name))
        if not found.experiment_id:
            raise ValueError("an experiment without an id")
    if found.lifecycle_stage == "deleted":
        raise UserError(
            f"tracking.experiment={name} was deleted on {address}; restore it there or give "
            "tracking.experiment another name"
        )
    return str(found.experiment_id)
