"""What a worker does: one row of the grid, or the elemental references."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.labels.internal import Relaxation
from cetransfer.datasets.labels.network import Calculator
from cetransfer.datasets.labels.references import elemental_references
from cetransfer.datasets.labels.settings import ANION

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.datasets.labels.settings import LabelSettings
    from cetransfer.structures.prototypes import Prototype


def compute_part(settings: LabelSettings, element: str | None) -> pd.DataFrame:
    """Label all compounds with `element` on A; None: compute the elemental references instead."""
    if element is not None:
        return label_row(settings, element)
    frame = elemental_references(_calculator(), settings.elements)
    frame.attrs["key"] = settings.reference_key
    return frame


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
