"""Fixtures that several test folders share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.elements import ELEMENTS_73

# as the command does: spinning threads beside any other busy process slow a fit down many times
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder with copies of the public data files."""
    named = os.environ.get("CETRANSFER_MIRROR")
    if not named:
        pytest.skip("CETRANSFER_MIRROR is not set: no released data to test with")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"CETRANSFER_MIRROR={named} is not a folder: no released data to test with")
    return folder


def clean_table(prototype="spinel", *, totals=True, seed=0):
    """Make a table whose energies follow from smooth element terms and a little noise."""
    from cetransfer.datasets.audit.prediction import neighbour_kernel

    elements = ELEMENTS_73[:30]
    random = np.random.default_rng(seed)
    root = np.linalg.cholesky(neighbour_kernel(elements) + 0.05 * np.eye(len(elements)))
    on_a, on_b, reference = 0.4 * (root @ random.normal(size=(len(elements), 3))).T
    i, j = np.divmod(np.arange(len(elements) ** 2), len(elements))
    template = {"spinel": "{}{}2O4", "perovskite": "{}{}O3"}[prototype]
    shares = {"spinel": (1 / 7, 2 / 7), "perovskite": (1 / 5, 1 / 5)}[prototype]
    energy = -1.8 + on_a[i] + on_b[j] + 0.05 * random.normal(size=len(i))
    energy = np.clip(energy, -4.4, None)
    frame = pd.DataFrame({"A": np.array(elements)[i], "B": np.array(elements)[j], "X": "O"})
    frame.insert(
        0, "formula", [template.format(a, b) for a, b in zip(frame["A"], frame["B"], strict=True)]
    )
    frame["formation_energy"] = energy
    if totals:
        frame["total_energy_per_atom"] = (
            energy - 6 + shares[0] * reference[i] + shares[1] * reference[j]
        )
    return frame


@pytest.fixture(scope="session")
def clean():
    """Call with a prototype to get a table of 900 rows without a fault."""
    return clean_table
