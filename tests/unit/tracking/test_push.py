from __future__ import annotations

import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation.result import stage
from cetransfer.files import sha256
from cetransfer.settings import TrackingSettings
from cetransfer.tracking import push, remote
from cetransfer.tracking.comparison_log import log_comparison
from cetransfer.tracking.push import COMPLETE, Pusher
from cetransfer.tracking.store import database, local_uri, open_store
from cetransfer.tracking.sync import require_server, send_on, sync
from cetransfer.tracking.waiting import only_one
from cetransfer.tracking.write import IDENTITY


@pytest.fixture
def wanted(project, mlflow_server):
    """Return a store whose runs are meant for a server that is not there yet."""
    return open_store(TrackingSettings(mlflow_server.address, "cetransfer"), project)


@pytest.fixture
def logged(wanted, finished, tmp_path):
    log_comparison(wanted, finished, stage(finished, tmp_path / "staged"), "one")
    return wanted


def runs_of(client, name="cetransfer"):
    experiment = client.get_experiment_by_name(name)
    found = client.search_runs([experiment.experiment_id], max_results=500)
    return {run.data.tags[IDENTITY]: run for run in found}, len(found)


def series(file):
    """Return every value of every metric in a store, by run."""
    found = {}
    with sqlite3.connect(file) as connection:
        for run, *value in connection.execute(
            "SELECT run_uuid, key, step, timestamp, value FROM metrics ORDER BY key, step, value"
        ):
            found.setdefault(run, []).append(value)
    return found


def hashes(folder):
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def require_equal(store, server):
    """Everything of every run has arrived, once, and ids are those of the server."""
    own, count = runs_of(store.client)
    sent, many = runs_of(remote.open_server(server.address))
    assert own.keys() == sent.keys()
    assert (len(own), len(sent)) == (count, many)
    ids = {run.info.run_id: sent[name].info.run_id for name, run in own.items()}
    values = [series(file) for file in (store.uri.removeprefix("sqlite:///"), server.database)]
    for name, run in own.items():
        other = sent[name]
        for field in ("status", "start_time", "end_time", "run_name"):
            assert getattr(other.info, field) == getattr(run.info, field)
        assert other.data.params == run.data.params
        assert other.data.tags[COMPLETE] == "true"
        for key, value in run.data.tags.items():
            if not key.startswith(push.SENT):
                assert other.data.tags[key] == ids.get(value, value), key
        assert values[1].get(other.info.run_id) == values[0].get(run.info.run_id)
        place = server.artifacts(other.info.experiment_id, other.info.run_id)
        assert hashes(place) == hashes(run.info.artifact_uri.removeprefix("file://"))


def test_a_server_never_takes_the_place_of_the_local_store(tmp_path):
    local = f"sqlite:///{database(tmp_path)}"
    for uri in ("http://somewhere:5000", "https://somewhere/", None):
        assert local_uri(TrackingSettings(uri, "x"), tmp_path) == local
    assert local_uri(TrackingSettings("sqlite:////a/b.db", "x"), tmp_path) == "sqlite:////a/b.db"


@pytest.mark.slow
def test_runs_wait_while_the_server_is_away_and_are_sent_once(logged, mlflow_server, capfd):
    require_server(logged)
    send_on(logged, "cetransfer")
    assert capfd.readouterr().err.count("does not answer") == 2
    with pytest.raises(remote.ServerAwayError, match="cetransfer sync"):
        sync(logged, "cetransfer")
    mlflow_server.start()
    count = len(runs_of(logged.client)[0])
    assert sync(logged, "cetransfer") == count
    require_equal(logged, mlflow_server)
    assert sync(logged, "cetransfer") == 0
    assert sync(logged, "cetransfer", everything=True) == 0
    require_equal(logged, mlflow_server)


@pytest.mark.slow
def test_a_server_that_goes_away_in_the_middle_leaves_nothing_lost_or_doubled(
    logged, mlflow_server, monkeypatch
):
    mlflow_server.start()
    real, calls = Pusher._send_artifacts, []  # noqa: SLF001 - to stop the server there

    def stop_at_times(self, run, run_id):
        calls.append(run_id)
        if len(calls) in {2, 5}:
            mlflow_server.stop()
        real(self, run, run_id)

    monkeypatch.setattr(Pusher, "_send_artifacts", stop_at_times)
    for _ in range(2):
        with pytest.raises(UserError, match=r"does not answer|no answer of an MLflow server"):
            sync(logged, "cetransfer")
        mlflow_server.start()
    sync(logged, "cetransfer")
    require_equal(logged, mlflow_server)


@pytest.mark.slow
def test_a_run_whose_creation_was_not_confirmed_is_found_again(logged, mlflow_server, monkeypatch):
    mlflow_server.start()
    real = Pusher._created  # noqa: SLF001 - to fail there

    def unheard(self, run):
        real(self, run)
        monkeypatch.setattr(Pusher, "_created", real)
        raise ConnectionResetError

    monkeypatch.setattr(Pusher, "_created", unheard)
    with pytest.raises(ConnectionResetError):
        sync(logged, "cetransfer")
    sync(logged, "cetransfer")
    require_equal(logged, mlflow_server)


@pytest.mark.slow
def test_a_run_that_has_not_ended_waits_and_what_names_it_too(logged, mlflow_server):
    mlflow_server.start()
    own, _ = runs_of(logged.client)
    parent = next(run for run in own.values() if run.data.tags["cetransfer.kind"] == "comparison")
    logged.client.update_run(parent.info.run_id, "RUNNING")
    sources = sum(run.data.tags["cetransfer.kind"] == "source" for run in own.values())
    assert sync(logged, "cetransfer") == sources
    logged.client.set_terminated(parent.info.run_id, "KILLED")
    assert sync(logged, "cetransfer") == len(own) - sources


def test_two_at_a_time_are_refused(logged):
    with only_one(logged.uri), pytest.raises(UserError, match="being sent by another process"):
        sync(logged, "cetransfer")


class Nonsense(BaseHTTPRequestHandler):
    status, body = 200, b"<html>hello</html>"

    def do_GET(self):
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        """Print nothing."""


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>hello</html>"),
        (200, b'{"experiments": 3}'),
        (200, b""),
        (404, b"not here"),
        (401, b'{"error_code": "UNAUTHENTICATED", "message": "no"}'),
        (403, b"x" * 3000),
    ],
)
def test_a_server_that_answers_nonsense_is_named_in_one_line(project, status, body):
    handler = type("Handler", (Nonsense,), {"status": status, "body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{running.server_address[1]}"
        store = open_store(TrackingSettings(address, "cetransfer"), project)
        with pytest.raises(UserError, match="no answer of an MLflow server") as caught:
            sync(store, "cetransfer")
        assert address in str(caught.value)
        assert len(str(caught.value)) < 500
        running.shutdown()


def test_an_address_of_no_host_is_a_users_error(project):
    store = open_store(TrackingSettings("http://", "cetransfer"), project)
    with pytest.raises(UserError, match="the tracking server"):
        sync(store, "cetransfer")
