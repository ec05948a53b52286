"""Who works, as the group `compute` says; all processes of this machine where it says nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cetransfer.compute.check import check_compute
from cetransfer.compute.workers import Here
from cetransfer.settings import ComputeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cetransfer.compute.cluster import Cluster
    from cetransfer.compute.workers import Workers


class Chosen:
    """What is chosen; a cluster is reached when there is work, and left at the end."""

    def __init__(self, settings: ComputeSettings) -> None:
        self.settings = settings
        self._cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster, which stays the same."""
        if self._cluster is None:
            if self.settings.kind == "slurm":
                from cetransfer.compute.slurm import SlurmCluster

                self._cluster = SlurmCluster(self.settings)
            else:
                from cetransfer.compute.cluster import Cluster

                self._cluster = Cluster(str(self.settings.address))
        return self._cluster

    def close(self) -> None:
        """Leave the cluster."""
        if self._cluster is not None:
            self._cluster.close()


_chosen = Chosen(ComputeSettings("local"))


@contextmanager
def working_on(settings: ComputeSettings) -> Iterator[None]:
    """Let all work in parts be done where `settings` say, until the end of the block."""
    global _chosen  # noqa: PLW0603 - as progress, asked for far below those who know the settings
    check_compute(settings)
    before = _chosen
    _chosen = Chosen(settings)
    try:
        yield
    finally:
        ended, _chosen = _chosen, before
        ended.close()


@contextmanager
def workers(most: int) -> Iterator[Workers]:
    """Yield those who work; where it is this machine, at most so many processes.

    Raises
    ------
    UserError
        If a cluster cannot be reached.
    """
    if _chosen.settings.kind == "local":
        with local_workers(most) as crew:
            yield crew
        return
    crew = _chosen.cluster
    try:
        yield crew
    finally:
        crew.drop()


@contextmanager
def local_workers(most: int) -> Iterator[Workers]:
    """Yield at most so many processes of this machine, or itself where more do not pay."""
    from joblib import cpu_count

    number = min(most, _chosen.settings.workers or cpu_count())
    crew: Workers
    if number > 1:
        from cetransfer.compute.processes import Processes

        crew = Processes(number)
    else:
        crew = Here()
    try:
        yield crew
    finally:
        crew.drop()
