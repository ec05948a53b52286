from __future__ import annotations

import operator
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from cetransfer.composition import config_dir, to_settings
from cetransfer.compute.chosen import working_on
from cetransfer.compute.parts import in_parts
from cetransfer.compute.slurm import jobs
from cetransfer.errors import UserError
from cetransfer.settings_data import LabelSettings

pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")

GOLDEN = Path(__file__).parent / "slurm_job.sh"

SBATCH = """#!/bin/sh
# what Slurm does with a job, on this machine; $1 is the job's script
[ "$1" = --test-only ] && exit
cp "$1" {folder}/job.sh
setsid bash {folder}/job.sh >/dev/null 2>&1 &
echo $! >> {folder}/running
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do echo "$job" >> {folder}/cancelled; kill -- "-$job"; done
"""
REFUSAL = """#!/bin/sh
echo "sbatch: error: invalid partition specified: nowhere" >&2
exit 1
"""


def slurm(*words):
    """Return the settings that the command line would."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        composed = compose("label", ["prototype=spinel", "compute=slurm", *words])
    return to_settings(composed, LabelSettings).compute


def doubled(settings):
    found = {}
    with working_on(settings):
        in_parts(
            operator.mul, ((2, number) for number in range(5)), found.__setitem__, 5, "doubling"
        )
    return found


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Call with a name and the text of a script to have a command of that name."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def write(name, text):
        path = tmp_path / name
        path.write_text(text.format(folder=tmp_path))
        path.chmod(0o755)

    yield write
    running = tmp_path / "running"
    for job in running.read_text().split() if running.exists() else ():
        with suppress(ProcessLookupError):
            os.killpg(int(job), signal.SIGKILL)


def test_the_job_script_is_the_one_that_is_expected():
    words = [
        *("compute.queue=long", "compute.account=materials", "compute.jobs=3", "compute.cores=8"),
        *("compute.memory=16GB", 'compute.walltime="12:00:00"', "compute.interface=lo"),
        *("compute.directives=[--exclusive]", 'compute.prologue=["module load gcc"]'),
    ]
    cluster = jobs(slurm(*words))
    script = cluster.job_script()
    cluster.close()
    script = re.sub(r"tcp://[\d.]+:\d+", "tcp://ADDRESS", script.replace(sys.executable, "PYTHON"))
    assert script.rstrip() == GOLDEN.read_text().rstrip()


def test_jobs_do_the_work_and_are_cancelled_at_the_end(command, tmp_path, capsys):
    command("sbatch", SBATCH)
    command("scancel", SCANCEL)
    found = doubled(slurm("compute.jobs=2", "compute.cores=1", "compute.memory=2GB"))
    assert found == {number: 2 * number for number in range(5)}
    submitted = (tmp_path / "running").read_text().split()
    assert len(submitted) == 2
    assert set((tmp_path / "cancelled").read_text().split()) == set(submitted)
    assert "#SBATCH -J cetransfer" in capsys.readouterr().err


@pytest.mark.slow
def test_a_job_that_ends_is_submitted_anew(command, tmp_path):
    command("sbatch", SBATCH)
    command("scancel", SCANCEL)
    kept = []

    def keep(place, _):
        kept.append(place)
        if len(kept) == 2:
            (job,) = (tmp_path / "running").read_text().split()
            os.killpg(int(job), signal.SIGKILL)

    with working_on(slurm("compute.cores=1", "compute.memory=2GB")):
        in_parts(time.sleep, ((0.1,) for _ in range(6)), keep, 6, "sleeping")
    assert sorted(kept) == list(range(6))
    assert len((tmp_path / "running").read_text().split()) == 2


def test_an_interrupt_stays_ours(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)
    before = signal.getsignal(signal.SIGINT)
    jobs(slurm()).close()
    assert signal.getsignal(signal.SIGINT) is before


def test_what_slurm_refuses_is_told(command):
    command("sbatch", REFUSAL)
    with pytest.raises(UserError, match=r"takes no such job: .*invalid partition.*compute\.queue"):
        doubled(slurm("compute.queue=nowhere"))


def test_a_machine_without_slurm_shows_the_script_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr("cetransfer.compute.slurm.which", lambda _: None)
    with pytest.raises(UserError, match="there is no sbatch here"):
        doubled(slurm("compute.cores=3"))
    assert "#SBATCH --cpus-per-task=3" in capsys.readouterr().err


def test_an_interface_that_is_not_there_is_told():
    with pytest.raises(UserError, match=r"'ib9' is not a valid network interface.*compute\.interf"):
        doubled(slurm("compute.interface=ib9"))
