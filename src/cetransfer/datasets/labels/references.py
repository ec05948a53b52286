"""Elemental references of the formation energies, computed like the compounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.labels.quotient import build_quotient
from cetransfer.datasets.labels.scan import graph_for, scan_range

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.labels.network import Calculator

    Floats = NDArray[np.float64]
    Cell = tuple[Floats, Floats]

VOLUME_RANGE = (5.0, 150.0)  # cubic angstrom per atom: boron has 7, caesium 117
BOX = 10.0  # angstrom; images of the molecule stay beyond the cutoff of the network
BOND_LENGTHS = np.arange(1.10, 1.401, 0.02)  # angstrom; O2 has 1.21

END_OF_SCAN = "bond length at the end of its scan"

FCC = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
BCC = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / 2
RHOMBOHEDRAL = np.array([[2, 1, 1], [-1, 1, 1], [-1, -2, 1]]) / 3  # obverse, of hexagonal axes


def _hexagonal(ratio: float) -> Floats:
    """Return lattice vectors of a hexagonal cell with a = 1 and c = `ratio`."""
    return np.array([[1, 0, 0], [-1 / 2, np.sqrt(3) / 2, 0], [0, 0, ratio]])


def _primitive_r(ratio: float, sites: Floats) -> Cell:
    """Turn a third of the sites of an R-centred hexagonal cell into its primitive cell."""
    return RHOMBOHEDRAL @ _hexagonal(ratio), (sites @ np.linalg.inv(RHOMBOHEDRAL)) % 1.0


def _arsenic() -> Cell:
    """Grey arsenic, R-3m, 6c (Schiferl and Barrett, J. Appl. Cryst. 2:30, 1969)."""
    z = 0.22707
    return _primitive_r(10.5475 / 3.7598, np.array([[0, 0, z], [0, 0, -z]]))


def _boron() -> Cell:
    """Alpha boron, R-3m, twice 18h (Decker and Kasper, Acta Cryst. 12:503, 1959)."""
    sites = []
    for x, z in ((0.11886, 0.89133), (0.19686, 0.02432)):
        for u, v in ((x, 2 * x), (-2 * x, -x), (x, -x)):  # the three-fold axis on (x, 2x, z)
            sites += [[u, v, z], [-u, -v, -z]]
    return _primitive_r(12.567 / 4.908, np.array(sites))


def elemental_cells() -> dict[str, Cell]:
    """Return the candidate structures: lattice vectors for a = 1, and fractional coordinates.

    The close-packed and cubic ones, and two open ones with their measured shape: without them
    arsenic (by 0.1 eV/atom) and boron (by 0.6) would have no bound reference worth the name.
    Simple cubic comes close to the distorted cells of bismuth, antimony and neptunium.
    """
    origin = np.zeros((1, 3))
    packed = np.array([[1 / 3, 2 / 3, 1 / 4], [2 / 3, 1 / 3, 3 / 4]])
    return {
        "fcc": (FCC, origin),
        "bcc": (BCC, origin),
        "hcp": (_hexagonal(np.sqrt(8 / 3)), packed),
        "diamond": (FCC, np.array([[0, 0, 0], [1 / 4] * 3])),
        "simple cubic": (np.eye(3), origin),
        "grey arsenic": _arsenic(),
        "alpha boron": _boron(),
    }


def elemental_references(calculator: Calculator, elements: Iterable[str]) -> pd.DataFrame:
    """Energy of the lowest candidate structure of every element, and of O2 for oxygen.

    Returns
    -------
    DataFrame
        Columns element, lattice (name of the structure), lattice_constant (angstrom, a of the
        structure; the bond length for O2), total_energy (eV/atom) and flag, sorted by element.
    """
    import pandas as pd
    from pymatgen.core import Element

    names = sorted(set(elements) - {"O"})
    numbers = np.array([[Element(name).Z] for name in names])
    best = pd.DataFrame({"element": names, "total_energy": np.inf})
    for structure, cell in elemental_cells().items():
        per_atom = abs(np.linalg.det(cell[0])) / len(cell[1])
        low, high = ((volume / per_atom) ** (1 / 3) for volume in VOLUME_RANGE)
        graph = graph_for(calculator, cell, (0,) * len(cell[1]), low)
        # the whole range: atoms beyond each other's reach are a stretch that the network never
        # learnt, with a spike higher than any wall for tungsten
        found = scan_range(calculator, graph, numbers, (low, high), wall=np.inf)
        for row in np.flatnonzero(found.energy < best["total_energy"]):
            best.loc[row, ["lattice", "lattice_constant", "total_energy", "flag"]] = [
                structure,
                found.lattice_constant[row],
                found.energy[row],
                found.flag[row],
            ]
    length, energy, flag = oxygen_molecule(calculator)
    best.loc[len(best)] = {
        "element": "O",
        "lattice": "O2 molecule",
        "lattice_constant": length,
        "total_energy": energy,
        "flag": flag,
    }
    columns = ["element", "lattice", "lattice_constant", "total_energy", "flag"]
    return best[columns].sort_values("element", ignore_index=True)


def oxygen_molecule(calculator: Calculator) -> tuple[float, float, str]:
    """Bond length (angstrom) and energy (eV/atom) of O2 from a scan and a parabola."""
    energies = []
    for length in BOND_LENGTHS:
        graph = build_quotient(
            np.eye(3),
            np.array([[0, 0, 0], [0, 0, length / BOX]]),
            (0, 0),
            calculator.bond_cutoff / BOX,
            calculator.angle_cutoff / BOX,
        )
        energies.append(calculator.energies(graph, np.array([[8]]), np.array([BOX]))[0])
    best = int(np.argmin(energies))
    if best in (0, len(energies) - 1):
        return (
            float(BOND_LENGTHS[best]),
            float(energies[best]),
            END_OF_SCAN,
        )
    left, centre, right = energies[best - 1 : best + 2]
    bend = left - 2 * centre + right
    length = BOND_LENGTHS[best] + 0.5 * (left - right) / bend * (BOND_LENGTHS[1] - BOND_LENGTHS[0])
    return float(length), float(centre - (left - right) ** 2 / (8 * bend)), ""
