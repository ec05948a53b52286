"""Trials a minute: as stacks, against one process per trial (Hydra multirun, plain Lightning).

    python benchmarks/sweep.py [network ...]

Both ways train one network from scratch on each inner fold of every trial, on all cores, imports
included; no trial is pruned. The stacks run as many trials as `sweep=small` and `sweep=default` do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import numpy as np
from joblib import cpu_count

from cetransfer.progress import set_quiet
from cetransfer.settings import project_root
from cetransfer.sweeps.executors.here import Here
from cetransfer.sweeps.executors.local import Local
from cetransfer.sweeps.pruners import make_pruner
from cetransfer.sweeps.run import check_sweep, drive
from cetransfer.sweeps.samplers import make_sampler
from cetransfer.sweeps.search import Search
from cetransfer.sweeps.workshop import Workshop

if TYPE_CHECKING:
    from cetransfer.sweeps.executors.executor import Executor

TRIALS = {"small": 32, "default": 64}
ALONE = 4
"""Processes that are timed on each core, one after the other."""

RATES = (
    "{strategy.fine_tune.learning_rate:null,training.l1:null,"
    "strategy.target_only.learning_rate:{float:{low:2.0e-4,high:1.0e-2,log:true}}}"
)
"""What the plain loop has too: learning rate, decay, dropout."""


def words_of(network: str) -> list[str]:
    """Return the overrides that both ways train with."""
    return [
        f"network={network}",
        "strategy=target_only",
        "sweep.pruner=none",
        "sweep.rungs=null",
        f"++sweep.space={RATES}",
    ]


def study(
    workshop: Workshop, seed: int, batch: int, trials: int, executor: Executor | None = None
) -> float:
    """Run one study on the first outer fold and return its best inner error."""
    import dataclasses

    import optuna

    sweep = dataclasses.replace(workshop.settings.sweep, batch=batch, trials=trials)
    space = check_sweep(sweep)
    found = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(),
        sampler=make_sampler(sweep.sampler, space, seed=seed, outer=0, batch=batch),
        pruner=make_pruner(sweep.pruner),
    )
    search = Search(found, space, sweep, 0)
    drive(search, executor or Here(workshop), "study")
    return float(search.best()[0].values[0])


def stacked(network: str, workers: int) -> float:
    """Return the trials a minute of stacks, from the start of a process to its end."""
    began = time.perf_counter()
    code = f"import sweep; sweep.stack_alone({network!r}, {workers})"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)  # noqa: S603 - ourselves
    return 60 * TRIALS[network] / (time.perf_counter() - began)


def stack_alone(network: str, workers: int) -> None:
    """Run the study that is timed."""
    set_quiet(quiet=True)
    workshop = Workshop(words_of(network), project_root())
    batch, trials = workshop.settings.sweep.batch, TRIALS[network]
    if workers == 1:
        study(workshop, 0, batch, trials)
        return
    with Local(workshop.composer.words, workshop.root, workers) as executor:
        study(workshop, 0, batch, trials, executor)


def one_by_one(network: str) -> float:
    """Return the trials a minute of one process per trial, as many at a time as there are cores."""
    random = np.random.default_rng(0)
    cores = cpu_count()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(ALONE):
            started = []
            for core in range(cores):
                rate = 10 ** random.uniform(-3.7, -2)
                trial = [f"strategy.target_only.learning_rate={rate}", "training.weight_decay=0.01"]
                result = Path(folder) / f"{turn}-{core}"
                command = [sys.executable, str(Path(__file__).with_name("sweep_alone.py")), "-m"]
                # what Hydra writes of a multirun goes with the rest
                trial += [f"hydra.sweep.dir={folder}/hydra", f"hydra.sweep.subdir={turn}-{core}"]
                process = subprocess.Popen(  # noqa: S603 - ourselves
                    [*command, *words_of(network)[:2], *trial],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "OMP_NUM_THREADS": "1", "SWEEP_ALONE": str(result)},
                )
                started.append((process, result))
            for process, result in started:
                if process.wait() or not result.is_file():
                    raise SystemExit(f"a trial ended with status {process.returncode}")
    return 60 * ALONE * cores / (time.perf_counter() - began)


def main() -> None:
    """Print a line per network."""
    set_quiet(quiet=True)
    for network in sys.argv[1:] or TRIALS:
        alone = one_by_one(network)
        print(f"{network:8s} trials a minute: one process each {alone:.1f}", flush=True)
        for workers in (1, cpu_count()):
            rate = stacked(network, workers)
            print(
                f"{network:8s} trials a minute: stacks, compute.workers={workers}, {rate:.1f}, "
                f"ratio {rate / alone:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
