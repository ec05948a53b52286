"""Sending runs of the local store on to a server: each once, whole, and after those it names.

A run keeps one name of ours (`IDENTITY`) on every server. It is created there with that name in one
request, filled, ended, and marked complete at last; a push that was interrupted finds it by its
name and goes on. Filling twice leaves no double: what is there already is not sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cetransfer.provenance import digest
from cetransfer.tracking.manifest import local_path
from cetransfer.tracking.remote import server_errors
from cetransfer.tracking.store import store_errors
from cetransfer.tracking.write import IDENTITY

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

PARENT = "mlflow.parentRunId"
#: local tags, by a digest of the server's address, which no tag may hold: the run's id there
SENT = "cetransfer.sent."
#: tag on the server: everything of the run has arrived
COMPLETE = "cetransfer.complete"
#: what one request may hold
MOST_METRICS, MOST_PARAMS, MOST_TAGS = 1000, 100, 100

ENDED = {"FINISHED", "FAILED", "KILLED"}


@dataclass
class Pusher:
    """Sends runs from the local store to one server.

    Parameters
    ----------
    local, remote
        Clients of both.
    uri, address
        Of the local store and of the server.
    experiment_id
        On the server.
    ids
        Of runs that were looked at: their id on the server, None where they must wait.
    sent
        How many runs were sent.
    """

    local: MlflowClient
    remote: MlflowClient
    uri: str
    address: str
    experiment_id: str
    ids: dict[str, str | None] = field(default_factory=dict)
    sent: int = 0

    def push(self, run_id: str) -> str | None:
        """Send a run, and before it all that it names, and return its id on the server.

        None stands for a run that is not here, was deleted or has not ended: what names one that
        may still end waits too.

        Raises
        ------
        UserError
            If the store or the server fails; what was sent so far stays.
        """
        if run_id not in self.ids:
            run = self._local(run_id)
            self.ids[run_id] = None if run is None else self._there(run)
        return self.ids[run_id]

    def _there(self, run: Run) -> str | None:
        known = run.data.tags.get(sent_tag(self.address))
        if known is not None:
            return str(known)
        if run.info.status not in ENDED:
            return None
        named = {run_id: self.push(run_id) for run_id in references(run.data.tags).values()}
        for run_id, there in named.items():
            if there is None and self._local(run_id) is not None:
                return None
        return self._send(run)

    def _local(self, run_id: str) -> Run | None:
        """Return a run of the local store; None if it is not there or was deleted."""
        with store_errors(self.uri):
            found = self.local.search_runs(
                self.local_experiments, f"attributes.run_id = '{run_id}'", max_results=1
            )
        return found[0] if found else None

    @cached_property
    def local_experiments(self) -> list[str]:
        """The ids of all experiments of the local store."""
        return [each.experiment_id for each in self.local.search_experiments()]

    def _send(self, run: Run) -> str:
        with server_errors(self.address):
            there = self._found(run) or self._created(run)
            run_id = str(there.info.run_id)
            if COMPLETE not in there.data.tags:
                self._fill(run, there)
                self._send_artifacts(run, run_id)
                self.remote.set_terminated(run_id, run.info.status, run.info.end_time)
                self.remote.set_tag(run_id, COMPLETE, "true")
        with store_errors(self.uri):
            self.local.set_tag(run.info.run_id, sent_tag(self.address), run_id)
        self.sent += 1
        return run_id

    def _found(self, run: Run) -> Run | None:
        """Return what an earlier push made of a run."""
        mine = f"tags.`{IDENTITY}` = '{identity(run)}'"
        found = self.remote.search_runs([self.experiment_id], mine, max_results=1)
        return found[0] if found else None

    def _created(self, run: Run) -> Run:
        return self.remote.create_run(
            self.experiment_id,
            start_time=run.info.start_time,
            run_name=run.info.run_name,
            tags=dict(list(self._tags(run).items())[:MOST_TAGS]),
        )

    def _tags(self, run: Run) -> dict[str, str]:
        """Return a run's tags as they are on the server: runs have other ids there."""
        named = references(run.data.tags).items()
        ids = {key: there for key, value in named if (there := self.ids.get(value)) is not None}
        own = {key: value for key, value in run.data.tags.items() if not key.startswith(SENT)}
        # its name first, so that it is in the request that creates the run
        return {IDENTITY: identity(run), **own, **ids}

    def _fill(self, run: Run, there: Run) -> None:
        """Log metrics with their whole history, parameters and tags."""
        from mlflow.entities import Param, RunTag

        run_id = there.info.run_id
        metrics = self._metrics(run, there)
        for first in range(0, len(metrics), MOST_METRICS):
            self.remote.log_batch(run_id, metrics=metrics[first : first + MOST_METRICS])
        params = [Param(key, value) for key, value in run.data.params.items()]
        for first in range(0, len(params), MOST_PARAMS):
            self.remote.log_batch(run_id, params=params[first : first + MOST_PARAMS])
        tags = [
            RunTag(key, value)
            for key, value in self._tags(run).items()
            if there.data.tags.get(key) != value
        ]
        for first in range(0, len(tags), MOST_TAGS):
            self.remote.log_batch(run_id, tags=tags[first : first + MOST_TAGS])

    def _metrics(self, run: Run, there: Run) -> list[Metric]:
        """Return all values of all metrics that the server does not have yet."""
        values = []
        for name in run.data.metrics:
            with store_errors(self.uri):
                own = self.local.get_metric_history(run.info.run_id, name)
            has = set()
            if name in there.data.metrics:
                known = self.remote.get_metric_history(there.info.run_id, name)
                has = {(each.step, each.timestamp) for each in known}
            values += [each for each in own if (each.step, each.timestamp) not in has]
        return values

    def _send_artifacts(self, run: Run, run_id: str) -> None:
        folder = local_path(run.info.artifact_uri)
        if folder is not None and folder.is_dir() and any(folder.iterdir()):
            self.remote.log_artifacts(run_id, str(folder))


def sent_tag(address: str) -> str:
    """Return the local tag that says that a run was sent to a server."""
    return f"{SENT}{digest(address)[:12]}"


def identity(run: Run) -> str:
    """Return the name that a run keeps on every server; of older runs their id."""
    return str(run.data.tags.get(IDENTITY, run.info.run_id))


def references(tags: dict[str, str]) -> dict[str, str]:
    """Return the tags that name other runs: the parent, source nets, what these started from."""
    return {
        key: value
        for key, value in tags.items()
        if key in {PARENT, "source.started_from"}
        or (key.startswith("source.") and key.removeprefix("source.").isdigit())
    }
