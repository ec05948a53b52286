from __future__ import annotations

import numpy as np
import pytest

from cetransfer.datasets.labels.quotient import build_quotient
from cetransfer.structures.prototypes import PROTOTYPES


def reduced(name, radius, angle_radius=0.0, **parameters):
    prototype = PROTOTYPES[name]
    kinds = ["ABX".index(role) for role in prototype.site_roles]
    return build_quotient(*prototype.cell(**parameters), kinds, radius, angle_radius)


def test_simple_cubic_shells():
    graph = build_quotient(np.eye(3), np.zeros((1, 3)), [0], 1.8, 1.0)
    np.testing.assert_allclose(graph.lengths, np.sqrt([1, 2, 3]))
    assert graph.edge_counts.tolist() == [6, 12, 8]
    # at both ends of a bond: one straight partner and four at a right angle
    assert dict(zip(np.round(graph.cosines), graph.angle_counts, strict=True)) == {-1: 2, 0: 8}


@pytest.mark.parametrize("name", ["perovskite", "spinel"])
def test_copies_add_up_to_the_whole_cell(name):
    prototype = PROTOTYPES[name]
    graph = reduced(name, 1.2)
    structure = prototype.structure({"A": "Mg", "B": "Al", "X": "O"}, 10.0)
    neighbours = structure.get_neighbor_list(12.0)[0]
    around = np.zeros(len(graph.kinds), dtype=int)
    np.add.at(around, graph.edges[:, 0], graph.edge_counts)
    assert int(around @ graph.atom_counts) == len(neighbours)
    assert graph.atom_counts.sum() == len(structure)


def test_one_atom_class_per_role():
    for name in ("spinel", "perovskite"):
        assert sorted(reduced(name, 1.0, 0.5).kinds) == [0, 1, 2]


def test_cell_choice_does_not_matter():
    fcc = (np.ones((3, 3)) - np.eye(3)) / 2
    primitive = build_quotient(fcc, np.zeros((1, 3)), [0], 1.5, 1.0)
    sites = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    conventional = build_quotient(np.eye(3), sites, [0] * 4, 1.5, 1.0)
    np.testing.assert_allclose(primitive.lengths, conventional.lengths)
    assert primitive.edge_counts.tolist() == conventional.edge_counts.tolist()
    assert primitive.angle_counts.tolist() == conventional.angle_counts.tolist()
    assert conventional.atom_counts.tolist() == [4]


def test_equal_lengths_of_different_kind_stay_apart():
    # caesium chloride: eight neighbours of the other kind, six of the own
    sites = np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]])
    graph = build_quotient(np.eye(3), sites, [0, 1], 1.01, 0.9)
    table = {tuple(edge[:2]): n for edge, n in zip(graph.edges, graph.edge_counts, strict=True)}
    assert table == {(0, 1): 8, (1, 0): 8, (0, 0): 6, (1, 1): 6}
