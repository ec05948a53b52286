"""The searches, on energies that are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from cetransfer.datasets.labels.internal import STEP, UNBOUND, Relaxation
from cetransfer.datasets.labels.scan import (
    OUT_OF_RANGE,
    POOR_FIT,
    TWO_MINIMA,
    graph_for,
    join_reasons,
    scan_around,
    scan_range,
)
from cetransfer.structures.prototypes import PROTOTYPES

CUBE = (np.eye(3), np.zeros((1, 3)))
ONE = np.array([[1]])


class Analytic:
    """Stand in for the network with a function of lattice constant and atomic numbers."""

    bond_cutoff = 3.0
    angle_cutoff = 0.1

    def __init__(self, function):
        self.function = function
        self.points = []

    def energies(self, graph, numbers, lattice_constants):
        self.points.extend(lattice_constants)
        return self.function(graph, numbers, lattice_constants)


def scan(function, bounds=(3.0, 6.0), numbers=ONE):
    calculator = Analytic(lambda _graph, numbers, a: function(numbers, a))
    graph = graph_for(calculator, CUBE, (0,), bounds[0])
    return scan_range(calculator, graph, numbers, bounds)


def well(a, centre, depth=5.0, width=0.3):
    """Dip of a width given as a share of its place; the default is about as stiff as an oxide."""
    return -depth * np.exp(-((a / centre - 1) ** 2) / width**2)


def test_minimum_is_found_for_every_compound():
    centres = np.array([3.6, 4.0, 5.1])
    found = scan(
        lambda numbers, a: well(a, centres[numbers[:, 0]]), numbers=np.array([[0], [1], [2]])
    )
    np.testing.assert_allclose(found.lattice_constant, centres, rtol=2e-4)
    np.testing.assert_allclose(found.energy, -5.0, atol=1e-3)
    # d2E/da2 = 10 / (0.3 a)^2 and dV/da = 3 a^2, so that V d2E/dV2 = 10 / (0.09 * 9 a^3)
    np.testing.assert_allclose(
        found.bulk_modulus_gpa, 10 / (0.81 * centres**3) * 160.21766, rtol=1e-2
    )
    assert found.flag == ["", "", ""]


@pytest.mark.parametrize("centre", [2.5, 7.0])
def test_minimum_outside_the_range_is_flagged_and_kept(centre):
    found = scan(lambda _numbers, a: well(a, centre))
    assert OUT_OF_RANGE in found.flag[0]
    assert np.isfinite(found.energy).all()


def test_lower_of_two_wells_wins_and_a_close_rival_is_flagged():
    far = scan(lambda _numbers, a: well(a, 3.7, 0.9, 0.1) + well(a, 5.2, 0.7, 0.1))
    assert far.lattice_constant[0] == pytest.approx(3.7, abs=0.01)
    assert TWO_MINIMA not in far.flag[0]
    near = scan(lambda _numbers, a: well(a, 3.7, 0.5, 0.1) + well(a, 5.2, 0.5, 0.1))
    assert TWO_MINIMA in near.flag[0]


def test_nonsense_behind_the_repulsive_wall_is_not_visited():
    def function(_numbers, a):
        wall = np.where(a < 4.0, 100.0 * (4.0 - a), 0.0)
        return np.where(a < 3.3, -1e3, well(a, 4.4) + wall)

    found = scan(function)
    assert found.lattice_constant[0] == pytest.approx(4.4, abs=0.01)


def test_fine_scan_follows_a_minimum_at_its_end():
    calculator = Analytic(lambda _graph, _numbers, a: well(a, 4.0))
    graph = graph_for(calculator, CUBE, (0,), 3.0)
    found = scan_around(calculator, graph, ONE, np.array([4.5]))
    assert found.lattice_constant[0] == pytest.approx(4.0, abs=1e-3)
    assert found.flag == [""]


def test_kink_is_a_poor_fit():
    found = scan(lambda _numbers, a: well(a, 4.2) + 0.3 * np.abs(a - 4.2))
    assert POOR_FIT in found.flag[0]


def test_reasons_are_joined_once():
    assert join_reasons("", "a", "b; a", "") == "a; b"


def spinel_energy(u0):
    """Build energies with a dip in a at 8.2 and a parabola in u, read off the A-X distance."""

    def function(graph, _numbers, a):
        centre, neighbour = (graph.kinds[graph.edges[:, column]] for column in (0, 1))
        distances = graph.lengths[graph.edges[(centre == 0) & (neighbour == 2), 2]]
        u = distances.min() / np.sqrt(3) + 1 / 8
        return well(a, 8.2) + 40.0 * (u - u0) ** 2

    return function


@pytest.mark.parametrize("u0", [0.2625, 0.2605, 0.2441, 0.2152, 0.2831])
def test_internal_coordinate_is_followed_beyond_the_first_three_points(u0):
    relaxation = Relaxation(Analytic(spinel_energy(u0)), PROTOTYPES["spinel"], (6.4, 13.0))
    found, internal = relaxation.run(np.array([[12, 13, 8]]))
    assert internal["u"][0] == pytest.approx(u0, abs=1e-4)
    assert found.energy[0] == pytest.approx(-5.0, abs=1e-3)
    assert found.lattice_constant[0] == pytest.approx(8.2, abs=2e-3)
    assert found.flag == [""]


def test_internal_coordinate_out_of_reach_is_flagged():
    relaxation = Relaxation(Analytic(spinel_energy(0.18)), PROTOTYPES["spinel"], (6.4, 13.0))
    found, internal = relaxation.run(np.array([[12, 13, 8]]))
    assert UNBOUND in found.flag[0]
    assert internal["u"][0] == pytest.approx(0.2625 - 24 * STEP)


def test_prototype_without_internal_coordinate_has_no_such_column():
    calculator = Analytic(lambda _graph, _numbers, a: well(a, 4.0))
    _, internal = Relaxation(calculator, PROTOTYPES["perovskite"], (3.0, 6.1)).run(ONE.repeat(3, 1))
    assert internal == {}
