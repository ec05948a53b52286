"""What asking for trials in batches costs: the best score of repeated studies of equal trials.

    python benchmarks/studies.py [network ...] [--studies 10] [--trials 32]

Every study is run twice, with trials asked for eight at a time and one after the other. A trial
is the same in any batch, so that both are trained by stacks; one thread for each study. Results lie
in `outputs/studies.csv` as they come, and what lies there is not run again.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from scipy import stats
from sweep import make_search, words_of

from cetransfer.progress import set_quiet
from cetransfer.settings import project_root
from cetransfer.sweeps.drive import drive
from cetransfer.sweeps.executors.here import Here
from cetransfer.sweeps.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path

BATCHES = (8, 1)
COLUMNS = ["network", "trials", "batch", "seed", "best"]


def best_of(network: str, trials: int, batch: int, seed: int) -> float:
    """Return the best inner error of one study."""
    set_quiet(quiet=True)
    workshop = Workshop(words_of(network), project_root())
    search = make_search(workshop, 0, seed, batch, trials)
    drive([search], Here(workshop), "study", "trials")
    return search.best()[0].value


def run_missing(file: Path, wanted: list[tuple[str, int, int, int]]) -> pd.DataFrame:
    """Run the studies that a file does not have, and return all of it."""
    done = pd.read_csv(file) if file.is_file() else pd.DataFrame(columns=COLUMNS)
    there = set(done[COLUMNS[:-1]].itertuples(index=False, name=None))
    missing = [each for each in wanted if each not in there]
    workers = cpu_count()
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # of a worker
    found = Parallel(n_jobs=workers, return_as="generator")(
        delayed(best_of)(*each) for each in missing
    )
    for each, best in zip(missing, found, strict=True):
        row = pd.DataFrame([[*each, best]], columns=COLUMNS)
        row.to_csv(file, mode="a", header=not file.is_file(), index=False)
    return pd.read_csv(file)


def interval(values: pd.Series) -> str:
    """Return the mean with the half width of its 95 % interval (Student's t)."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{np.mean(values):.5f} +- {half:.5f}"


def main() -> None:
    """Print two lines and their difference for each network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", default=["small"])
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--trials", type=int, default=32)
    asked = parser.parse_args()
    file = project_root() / "outputs" / "studies.csv"
    file.parent.mkdir(exist_ok=True)
    wanted = [
        (network, asked.trials, batch, seed)
        for network in asked.networks
        for seed in range(asked.studies)
        for batch in BATCHES
    ]
    found = run_missing(file, wanted)
    found = found[(found["trials"] == asked.trials) & (found["seed"] < asked.studies)]
    for network, own in found.groupby("network"):
        best = own.pivot_table(index="seed", columns="batch", values="best")
        for batch in BATCHES:
            print(
                f"{network:8s} {len(best)} studies of {asked.trials} trials, {batch:2d} at a time: "
                f"mean best score {interval(best[batch])} eV/atom"
            )
        difference = interval(best[BATCHES[0]] - best[BATCHES[1]])
        print(f"{network:8s} the former minus the latter, seed by seed: {difference} eV/atom")


if __name__ == "__main__":
    main()
