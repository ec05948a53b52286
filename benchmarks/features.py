"""Time the Center-Environment features: a whole composition grid, and distinct structures.

    python benchmarks/features.py

The floor of the grid is one matrix product; of the structures, the neighbour search.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from cetransfer.datasets.elements import ELEMENTS_73
from cetransfer.features.environment import featurize
from cetransfer.features.grid import featurize_grid
from cetransfer.settings import FeatureSettings
from cetransfer.structures.prototypes import PROTOTYPES

STRUCTURES = 600


def main() -> None:
    """Print the seconds of a grid and the structures a second."""
    grid = pd.DataFrame([(a, b) for a in ELEMENTS_73 for b in ELEMENTS_73], columns=["A", "B"])
    spinel = PROTOTYPES["spinel"]
    generator = np.random.default_rng(0)
    picked = grid.iloc[generator.permutation(len(grid))[:STRUCTURES]]
    structures = [
        spinel.structure({"A": row.A, "B": row.B, "X": "O"}, 7.5 + 3 * generator.random())
        for row in picked.itertuples()
    ]
    for variant, shells in (("ab_ab", 1), ("ab_cece", 2), ("abx_cecece", 3)):
        settings = FeatureSettings(variant, shells, 1.0, 0.01, "open")
        for name in ("spinel", "perovskite"):
            began = time.perf_counter()
            width = featurize_grid(PROTOTYPES[name], grid, settings).shape[1]
            seconds = time.perf_counter() - began
            print(
                f"{variant}, {shells} shells, {name}: {len(grid)} compositions, {width} columns "
                f"in {seconds:.3f} s"
            )
        began = time.perf_counter()
        featurize(structures, settings)
        rate = STRUCTURES / (time.perf_counter() - began)
        print(f"{variant}, {shells} shells: {rate:.0f} distinct 14-atom structures a second")


if __name__ == "__main__":
    main()
