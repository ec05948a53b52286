from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Structure

from cetransfer.datasets.labels.references import elemental_cells
from cetransfer.datasets.labels.run import formation_energies
from cetransfer.structures.prototypes import PROTOTYPES


@pytest.mark.parametrize(
    ("name", "a", "n_atoms", "nearest", "coordination"),
    [
        ("fcc", 4.0, 1, 4 / np.sqrt(2), 12),
        ("bcc", 4.0, 1, 2 * np.sqrt(3), 8),
        ("hcp", 3.0, 2, 3.0, 12),
        ("diamond", 4.0, 2, np.sqrt(3), 4),
        ("simple cubic", 3.0, 1, 3.0, 6),
        ("grey arsenic", 3.7598, 2, 2.517, 3),  # Schiferl and Barrett, 1969
    ],
)
def test_nearest_neighbours(name, a, n_atoms, nearest, coordination):
    lattice, coordinates = elemental_cells()[name]
    structure = Structure(lattice * a, ["Fe"] * n_atoms, coordinates)
    found = structure.get_neighbors(structure[0], nearest * 1.01)
    assert len(found) == coordination
    np.testing.assert_allclose([one.nn_distance for one in found], nearest, rtol=1e-3)


def test_boron_is_made_of_icosahedra():
    lattice, coordinates = elemental_cells()["alpha boron"]
    structure = Structure(lattice * 4.908, ["B"] * 12, coordinates)
    for site in structure:
        distances = [one.nn_distance for one in structure.get_neighbors(site, 1.9)]
        inside = [one for one in distances if one > 1.70]
        assert len(inside) == 5
        assert all(1.72 < one < 1.83 for one in inside)


def test_formation_energy_by_hand():
    frame = pd.DataFrame(
        {"A": ["Sr", "Y"], "B": ["Ti", "Y"], "X": ["O", "O"], "total_energy": [-8.0, -9.0]}
    )
    references = pd.Series({"Sr": -1.5, "Ti": -7.5, "Y": -6.5, "O": -5.0})
    perovskite = formation_energies(PROTOTYPES["perovskite"], frame, references)
    # the energy of the five atoms, -40 and -45, less that of their elements
    np.testing.assert_allclose(perovskite, [(-40 + 24) / 5, (-45 + 28) / 5])
    spinel = formation_energies(PROTOTYPES["spinel"], frame, references)
    # seven atoms: -56 and -63
    np.testing.assert_allclose(spinel, [(-56 + 36.5) / 7, (-63 + 39.5) / 7])
