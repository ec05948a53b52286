"""Trials a minute: as stacks, against one process per trial (Hydra multirun, plain Lightning).

    python benchmarks/sweep.py [network ...]

Both ways train one network from scratch on each inner fold of every trial, on all cores, imports
included; no trial is pruned. The stacks run a study for each of three outer folds, of the small
network with as many trials as `sweep=small` has: once in one process, once as a sweep does it.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import numpy as np
import optuna
from joblib import cpu_count

from cetransfer.progress import set_quiet
from cetransfer.settings import project_root
from cetransfer.sweep_commands import make_executor
from cetransfer.sweeps.drive import drive
from cetransfer.sweeps.pruners import make_pruner
from cetransfer.sweeps.run import check_sweep
from cetransfer.sweeps.samplers import make_sampler
from cetransfer.sweeps.search import Search
from cetransfer.sweeps.workshop import Workshop

TRIALS = {"small": 32, "default": 24}
"""Of each of the three studies."""

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


def make_search(workshop: Workshop, outer: int, seed: int, batch: int, trials: int) -> Search:
    """Return the search of one outer fold."""
    sweep = dataclasses.replace(workshop.settings.sweep, batch=batch, trials=trials)
    space = check_sweep(sweep)
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(),
        sampler=make_sampler(sweep.sampler, space, seed=seed, outer=outer, batch=batch),
        pruner=make_pruner(sweep.pruner),
    )
    return Search(study, space, sweep, outer)


def stacked(network: str, workers: int | None) -> float:
    """Return the trials a minute of stacks, from the start of a process to its end."""
    began = time.perf_counter()
    code = f"import sweep; print(sweep.stack_alone({network!r}, {workers}))"
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code],
        check=True,
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
    )
    return 60 * int(done.stdout) / (time.perf_counter() - began)


def stack_alone(network: str, workers: int | None) -> int:
    """Run the studies that are timed, and return how many trials they had."""
    set_quiet(quiet=True)
    words = words_of(network)
    if workers is not None:
        words.append(f"compute.workers={workers}")
    workshop = Workshop(words, project_root())
    batch = workshop.settings.sweep.batch
    folds = range(len(workshop.folds.outer))
    with make_executor(workshop) as executor:
        searches = [make_search(workshop, fold, 0, batch, TRIALS[network]) for fold in folds]
        drive(searches, executor, "benchmark", "trials")
    return sum(search.finished for search in searches)


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
        for workers in (1, None):
            rate = stacked(network, workers)
            print(
                f"{network:8s} trials a minute: stacks, compute.workers={workers or 'null'}, "
                f"{rate:.1f}, ratio {rate / alone:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
