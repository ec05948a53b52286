"""Processes of this machine: they only train; the parent asks and tells."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from joblib import cpu_count

from cetransfer.sweeps.batch import Outcome, Result
from cetransfer.sweeps.executors.executor import Executor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cetransfer.sweeps.batch import Batch


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    batch: Batch | None = None


class Local(Executor):
    """Up to N processes that read batches as lines of JSON and answer likewise.

    One is started when there is a batch for it. What one held that died comes back without results.

    Parameters
    ----------
    words
        Overrides of the sweep's command line.
    root
        The project's folder.
    workers
        N.
    """

    def __init__(self, words: Sequence[str], root: Path, workers: int) -> None:
        self._job = json.dumps({"words": list(words), "root": str(root)})
        self._threads = max(1, cpu_count() // workers)
        self._selector = selectors.DefaultSelector()
        self._most = workers
        self._workers: list[_Worker] = []

    @property
    def workers(self) -> int:
        """How many processes there may be."""
        return self._most

    @property
    def free(self) -> bool:
        """Whether a worker has nothing to do, or may be started."""
        return len(self._workers) < self._most or self._idle is not None

    @property
    def busy(self) -> bool:
        """Whether a worker has a batch."""
        return any(worker.batch is not None for worker in self._workers)

    def submit(self, batch: Batch) -> None:
        """Give a batch to a worker that has none."""
        worker = self._idle or self._start()
        worker.batch = batch
        self._send(worker, json.dumps(batch.document()))

    def next(self) -> Outcome:
        """Wait for the first worker that answers or dies."""
        while True:
            for key, _ in self._selector.select():
                worker: _Worker = key.data
                line = _pipe(worker.process.stdout).readline()
                batch = worker.batch
                if line.endswith(b"\n"):
                    worker.batch = None
                    if batch is not None:
                        return Outcome(batch, [Result(**each) for each in json.loads(line)])
                    continue
                self._remove(worker)
                if batch is not None:
                    return Outcome(batch, None)

    def close(self) -> None:
        """End all workers; one that is training is killed, as nobody waits for it."""
        for worker in self._workers:
            if worker.batch is not None:
                worker.process.kill()
            _end(worker.process)
        self._selector.close()

    @property
    def _idle(self) -> _Worker | None:
        return next((worker for worker in self._workers if worker.batch is None), None)

    def _start(self) -> _Worker:
        # modules instead of scripts: scripts hold absolute paths, and the folder may be moved
        process = subprocess.Popen(
            [sys.executable, "-m", "cetransfer.sweeps.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "LOKY_MAX_CPU_COUNT": str(self._threads)},
            # Ctrl-C is the parent's to answer
            start_new_session=True,
        )
        worker = _Worker(process)
        self._send(worker, self._job)
        self._selector.register(_pipe(process.stdout), selectors.EVENT_READ, worker)
        self._workers.append(worker)
        return worker

    def _remove(self, worker: _Worker) -> None:
        self._selector.unregister(_pipe(worker.process.stdout))
        _end(worker.process)
        self._workers.remove(worker)

    @staticmethod
    def _send(worker: _Worker, text: str) -> None:
        try:
            pipe = _pipe(worker.process.stdin)
            pipe.write(text.encode() + b"\n")
            pipe.flush()
        except BrokenPipeError:
            # it died before it could read; waiting for its answer will tell
            return


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("a worker is started with pipes")
    return pipe


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()
