"""Time what the user's own table with 10,000 CIF files takes: reading, checking, features.

    python benchmarks/structures.py [NUMBER]

The files hold perovskites, spinels and K2NiF4 of 5 to 56 sites, a third of them written with
symmetry operations, and slightly distorted otherwise; all in a temporary folder.
"""

from __future__ import annotations

import os
import resource
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from pymatgen.io.cif import CifWriter

from cetransfer.datasets.elements import ELEMENTS_73
from cetransfer.datasets.tabular import load_tabular
from cetransfer.features.store import stored_features
from cetransfer.settings import FeatureSettings, NamedData, TableColumns
from cetransfer.structures.prototypes import PROTOTYPES

NUMBER = 10_000
CELLS = {"perovskite": (3.8, (2, 2, 1)), "spinel": (8.2, 1), "k2nif4": (3.8, (2, 1, 1))}


def write(folder: Path, first: int, last: int) -> list[tuple[str, float, str]]:
    """Write some CIF files; return formula, energy and name of each."""
    warnings.simplefilter("ignore")
    rows = []
    for number in range(first, last):
        dice = np.random.default_rng(number)
        name = list(CELLS)[number % 3]
        a, b = dice.choice(ELEMENTS_73, 2, replace=False)
        size, cells = CELLS[name]
        prototype, elements = PROTOTYPES[name], {"A": str(a), "B": str(b), "X": "O"}
        structure = prototype.structure(elements, size * (1 + 0.2 * dice.random()))
        with_symmetry = number // 3 % 3 == 0
        if not with_symmetry:
            structure = (structure * cells).perturb(0.02, seed=number)
        writer = CifWriter(structure, symprec=0.01 if with_symmetry else None)
        (folder / f"{number}.cif").write_text(str(writer))
        rows.append((prototype.formula(elements), -2.0, str(number)))
    return rows


def used() -> float:
    """End the worker processes; return the processor seconds of this and all ended processes."""
    get_reusable_executor().shutdown(wait=True)
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Print the seconds and the peak memory of every step."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    with TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "cifs").mkdir()
        jobs = [(n, min(n + 100, number)) for n in range(0, number, 100)]
        parts = Parallel(n_jobs=-1)(delayed(write)(root / "cifs", *job) for job in jobs)
        rows = [row for part in parts for row in part]
        frame = pd.DataFrame(rows, columns=["formula", "formation_energy", "file"])
        frame.to_csv(root / "my.csv", index=False)
        chosen = NamedData(
            "tabular",
            path=str(root / "my.csv"),
            unit="eV/atom",
            structures=str(root / "cifs"),
            columns=TableColumns("formula", "formation_energy", "file"),
            on_bad_rows="drop",
        )
        before = used()
        settings = FeatureSettings("ab_cece", 2, 1.0, 0.01, "open")
        for what in ("first time", "again"):
            began = time.perf_counter()
            data = load_tabular(chosen, "dataset.target", root)
            read = time.perf_counter()
            shape = stored_features(data, settings, root / "features").shape
            ended = time.perf_counter()
            print(
                f"{what}: {shape[0]} of {number} structures, {data.structures.sizes.mean():.0f} "
                f"sites each, read and checked in {read - began:.1f} s, {shape[1]} features each "
                f"in {ended - read:.1f} s"
            )
            if what == "first time":
                print(f"processor time {used() - before:.0f} s")
    own, workers = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak memory {own:.0f} MiB, of the largest worker {workers:.0f} MiB")


if __name__ == "__main__":
    main()
