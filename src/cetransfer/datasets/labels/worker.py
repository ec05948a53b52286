"""What runs in a worker process: one row of the grid, or the elemental references."""

from __future__ import annotations

import os
import signal
import threading
from functools import cache
from itertools import product
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.labels.internal import Relaxation
from cetransfer.datasets.labels.network import Calculator
from cetransfer.datasets.labels.references import elemental_references
from cetransfer.datasets.labels.settings import ANION
from cetransfer.files import write_aside

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cetransfer.datasets.labels.settings import LabelSettings
    from cetransfer.structures.prototypes import Prototype


def start_worker() -> None:
    """Die quietly on Ctrl-C, and with the parent even if that was killed outright."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = parent_process()
    if parent is not None:

        def follow() -> None:
            wait([parent.sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def write_chunk(settings: LabelSettings, element: str, path: Path) -> None:
    """Label all compounds with `element` on A and write them as a parquet file."""
    frame = label_row(settings, element)
    with write_aside(path) as aside:
        frame.to_parquet(aside, index=False)


def write_references(settings: LabelSettings, path: Path) -> None:
    """Compute the elemental references and write them as a parquet file with their key."""
    frame = elemental_references(_calculator(), settings.elements)
    frame.attrs["key"] = settings.reference_key
    with write_aside(path) as aside:
        frame.to_parquet(aside, index=False)


def label_row(settings: LabelSettings, element: str) -> pd.DataFrame:
    """Label all compounds with `element` on A; formation energies come when all are together."""
    import pandas as pd
    from pymatgen.core import Element

    prototype = settings.prototype
    choices = {"A": (element,), "X": (ANION,)}
    sites = [choices.get(role, settings.elements) for role in prototype.roles]
    compounds = [dict(zip(prototype.roles, chosen, strict=True)) for chosen in product(*sites)]
    numbers = np.array([[Element(one).Z for one in compound.values()] for compound in compounds])
    found, internal = _relaxation(prototype, settings.bounds).run(numbers)
    return pd.DataFrame(
        {
            "formula": [prototype.formula(compound) for compound in compounds],
            **{role: [compound[role] for compound in compounds] for role in prototype.roles},
            "lattice_constant": found.lattice_constant,
            **internal,
            "total_energy": found.energy,
            "bulk_modulus_gpa": found.bulk_modulus_gpa,
            "flag": found.flag,
        }
    )


@cache
def _calculator() -> Calculator:
    return Calculator()


@cache
def _relaxation(prototype: Prototype, bounds: tuple[float, float]) -> Relaxation:
    return Relaxation(_calculator(), prototype, bounds)
