from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES
from cetransfer.structures.shells import neighbour_shells

# The released spinel prototype: A-B = a sqrt(11)/8 = 3.387, A-O = a sqrt(3) (u - 1/8) = 1.962.
A_RELEASED = 3.387 * 8 / np.sqrt(11)
U_RELEASED = 1 / 8 + 1.962 / (np.sqrt(3) * A_RELEASED)


def described(structure, site, n_shells):
    """Return [(distance, {role: count})] of one site, shell by shell."""
    found = neighbour_shells(structure, n_shells, centres=[site])
    roles = structure.site_properties["role"]
    return [
        (
            found.distance[found.shell == shell].mean(),
            dict(Counter(roles[i] for i in found.neighbour[found.shell == shell])),
        )
        for shell in range(n_shells)
    ]


def check(shells, expected, abs_tolerance=0.002):
    assert [counts for _, counts in shells] == [counts for _, counts in expected]
    assert [d for d, _ in shells] == pytest.approx([d for d, _ in expected], abs=abs_tolerance)


def test_shells_of_the_released_spinel():
    spinel = PROTOTYPES["spinel"].structure(
        {"A": "Mg", "B": "Al", "X": "O"}, A_RELEASED, u=U_RELEASED
    )
    check(
        described(spinel, 0, 4),
        [(1.962, {"X": 4}), (3.387, {"B": 12}), (3.426, {"X": 12}), (3.538, {"A": 4})],
    )
    check(
        described(spinel, 2, 4),
        [(1.938, {"X": 6}), (2.889, {"B": 6}), (3.345, {"X": 2}), (3.387, {"A": 6})],
    )


def test_shells_of_the_cubic_perovskite():
    a = 4.0
    perovskite = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, a)
    half, face, body = a / 2, a / np.sqrt(2), a * np.sqrt(3) / 2
    check(described(perovskite, 0, 3), [(face, {"X": 12}), (body, {"B": 8}), (a, {"A": 6})], 1e-9)
    check(described(perovskite, 1, 3), [(half, {"X": 6}), (body, {"A": 8}), (a, {"B": 6})], 1e-9)
    check(described(perovskite, 2, 2), [(half, {"B": 2}), (face, {"X": 8, "A": 4})], 1e-9)


def brute_force(structure, centre, n_shells, tolerance):
    """Look at all images within four cells."""
    pairs = []
    for index, image in product(range(len(structure)), product(range(-4, 5), repeat=3)):
        step = structure.frac_coords[index] + image - structure.frac_coords[centre]
        distance = np.linalg.norm(step @ structure.lattice.matrix)
        if distance > 1e-6:
            pairs.append((distance, index))
    pairs.sort()
    shells, last = [[]], pairs[0][0]
    for distance, index in pairs:
        if distance - last > tolerance:
            shells.append([])
        shells[-1].append((distance, index))
        last = distance
    return shells[:n_shells]


@pytest.mark.parametrize("n_shells", [1, 3, 6])
def test_agrees_with_brute_force_on_a_low_symmetry_cell(n_shells):
    lattice = Lattice.from_parameters(4.1, 5.3, 4.7, 81, 97, 104)
    coordinates = np.random.default_rng(0).uniform(size=(4, 3))
    structure = Structure(lattice, ["Sr", "Ti", "O", "O"], coordinates)
    found = neighbour_shells(structure, n_shells, 0.05)
    for centre in range(4):
        expected = brute_force(structure, centre, n_shells, 0.05)
        for shell, members in enumerate(expected):
            own = (found.centre == centre) & (found.shell == shell)
            assert found.distance[own] == pytest.approx([d for d, _ in members])
            assert sorted(found.neighbour[own]) == sorted(i for _, i in members)


def test_a_lone_atom_in_a_large_cell_still_has_its_shells():
    found = neighbour_shells(Structure(Lattice.cubic(30), ["Ar"], [[0, 0, 0]]), 2)
    assert np.bincount(found.shell).tolist() == [6, 12]


def test_tolerance_decides_what_is_one_shell():
    lattice = Lattice.orthorhombic(4.0, 4.008, 6.0)
    structure = Structure(lattice, ["Po"], [[0, 0, 0]])
    assert len(neighbour_shells(structure, 1, 0.01).distance) == 4
    assert len(neighbour_shells(structure, 1, 0.001).distance) == 2


def test_a_shell_at_the_rim_of_the_first_cutoff_is_not_cut():
    for scale in np.linspace(0.97, 1.03, 25):
        lattice = Lattice.orthorhombic(4.0, 4.009 * scale, 4.018)
        structure = Structure(lattice, ["Po"], [[0, 0, 0]])
        expected = brute_force(structure, 0, 2, 0.01)
        found = neighbour_shells(structure, 2, 0.01)
        assert np.bincount(found.shell).tolist() == [len(shell) for shell in expected]


def test_coincident_sites_are_refused_by_number():
    structure = Structure(
        Lattice.cubic(4), ["Sr", "O", "O"], [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.001]]
    )
    with pytest.raises(UserError, match=r"sites [12] and [12] are 0\.004 angstrom apart"):
        neighbour_shells(structure, 1)
