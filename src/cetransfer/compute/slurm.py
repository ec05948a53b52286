"""Dask workers as Slurm jobs."""

from __future__ import annotations

import sys
from shutil import which
from typing import TYPE_CHECKING, Any

from cetransfer.compute.cluster import Cluster, require_cluster
from cetransfer.errors import UserError
from cetransfer.progress import say

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

    from cetransfer.settings import ComputeSettings


class SlurmCluster(Cluster):
    """Workers that are submitted here and end here; the scheduler is in this process.

    Raises
    ------
    UserError
        If dask-jobqueue is not installed, a setting is wrong, or Slurm is not there or refuses.
    """

    def __init__(self, settings: ComputeSettings) -> None:
        self._jobs = jobs(settings)
        try:
            say("every job of compute=slurm is\n" + self._jobs.job_script().rstrip())
            _require_slurm()
            super().__init__(self._jobs.scheduler_address)
            self._submit(settings.jobs or 1)
        except BaseException:
            self._jobs.close()
            raise

    def close(self) -> None:
        """End the jobs."""
        super().close()
        self._jobs.close()

    def _submit(self, number: int) -> None:
        try:
            # a lost job, one whose time is over for example, is submitted anew
            self._jobs.scale(jobs=number)
            self._jobs.sync(self._jobs._correct_state_internal)  # noqa: SLF001 - tells what sbatch said
            self._jobs.adapt(minimum_jobs=number, maximum_jobs=number)
        except RuntimeError as error:
            said = str(error).partition("stderr:")[2].strip() or str(error)
            raise UserError(
                f"Slurm takes no job: {said}; set compute.queue, compute.account, compute.memory "
                "or compute.walltime as your cluster wants them"
            ) from error


def _require_slurm() -> None:
    if which("sbatch") is None:
        raise UserError(
            "compute=slurm: there is no sbatch here; run on a machine that submits to Slurm"
        )


def jobs(settings: ComputeSettings) -> SLURMCluster:
    """Return the jobs as dask-jobqueue makes them, none submitted yet.

    Raises
    ------
    UserError
        If it is not installed, or a setting means nothing to it.
    """
    require_cluster("dask_jobqueue")
    from dask_jobqueue import SLURMCluster

    # all that a configuration of Dask's own could say otherwise
    fixed: dict[str, Any] = {
        "job_name": "cetransfer",
        "python": sys.executable,
        "shebang": "#!/usr/bin/env bash",
        "worker_extra_args": [],
        "scheduler_options": {"dashboard_address": ":0"},
    }
    try:
        return SLURMCluster(
            queue=settings.queue,
            account=settings.account,
            cores=settings.cores,
            processes=settings.cores,
            memory=settings.memory,
            walltime=settings.walltime,
            interface=settings.interface,
            job_extra_directives=settings.directives,
            job_script_prologue=settings.prologue,
            **fixed,
        )
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"compute=slurm: {error}; look at compute.memory={settings.memory} and "
            f"compute.interface={settings.interface}"
        ) from error
