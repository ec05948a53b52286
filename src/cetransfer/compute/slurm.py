"""Dask workers as Slurm jobs."""

from __future__ import annotations

import signal
import subprocess
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
        number = settings.jobs or 1
        try:
            _try(self._jobs.job_script().rstrip())
            super().__init__(self._jobs.scheduler_address)
            # a lost job, one whose time is over for example, is submitted anew
            self._jobs.adapt(minimum_jobs=number, maximum_jobs=number)
        except BaseException:
            self._jobs.close()
            raise

    def close(self) -> None:
        """End the jobs."""
        super().close()
        self._jobs.close()


def _try(script: str) -> None:
    """Show a job, and let Slurm say whether it would take it: later nobody hears what it says."""
    say(f"every job of compute=slurm is\n{script}")
    sbatch = which("sbatch")
    if sbatch is None:
        raise UserError(
            "compute=slurm: there is no sbatch here; run on a machine that submits to Slurm"
        )
    done = subprocess.run(  # noqa: S603 - Slurm's own command, no shell
        [sbatch, "--test-only"], input=script, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(
            f"Slurm takes no such job: {done.stderr.strip()}; set compute.queue, compute.account, "
            "compute.memory or compute.walltime as your cluster wants them"
        )


def jobs(settings: ComputeSettings) -> SLURMCluster:
    """Return the jobs as dask-jobqueue makes them, none submitted yet.

    Raises
    ------
    UserError
        If it is not installed, or the interface is none of this machine's.
    """
    require_cluster("dask_jobqueue")
    handler = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster

    signal.signal(signal.SIGINT, handler)  # which the import takes, to end with status 0

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
    except RuntimeError as error:
        said = str(error).replace("Cluster failed to start: ", "")
        raise UserError(f"compute=slurm: {said}; give another compute.interface or none") from error
