from __future__ import annotations

import subprocess
import sys
import time

import pytest

WORKER = "from distributed.cli.dask_worker import main; main()"


@pytest.fixture
def scheduler(tmp_path):
    """Run a Dask scheduler; gives its process and address."""
    log = tmp_path / "scheduler.log"
    words = ["--port", "0", "--host", "127.0.0.1", "--no-dashboard"]
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", *words], stderr=stream
        ) as process,
    ):
        deadline = time.monotonic() + 30
        while "Scheduler at:" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        time.sleep(0.05)
        (address,) = (
            line.split()[-1] for line in log.read_text().splitlines() if "Scheduler at:" in line
        )
        yield process, address
        process.kill()


@pytest.fixture
def start_worker(scheduler):
    """Call with Python code, which runs before a worker of the scheduler does."""
    started = []

    def start(before=""):
        words = [scheduler[1], "--no-nanny", "--no-dashboard", "--nthreads", "2"]
        process = subprocess.Popen(
            [sys.executable, "-c", f"{before}\n{WORKER}", *words], stderr=subprocess.DEVNULL
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
