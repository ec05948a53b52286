"""The free parameters of a prototype (u of the spinel, c/a of rutile), from energies alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.labels.nodes import Nodes
from cetransfer.datasets.labels.scan import (
    OUT_OF_RANGE,
    TWO_MINIMA,
    Minima,
    join_reasons,
    scan_around,
    scan_range,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.datasets.labels.network import Calculator
    from cetransfer.datasets.labels.quotient import QuotientGraph
    from cetransfer.structures.prototypes import Prototype

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

STEP = 0.0025  # between nodes of the internal coordinate: finer than a lattice scan can feel
HALF = 2  # nodes from the centre of the parabola to its outer points
REACH = 26  # nodes on each side of the default value
TOLERANCE = 0.75  # nodes; more than half, so that no compound hops between two
ROUNDS = 6  # times the lattice constant may follow the internal coordinate

UNBOUND = "minimum of the internal coordinate not enclosed"
UNSETTLED = "lattice constant and internal coordinate did not come to rest together"
LASTING = (OUT_OF_RANGE, TWO_MINIMA)


class Relaxation:
    """Lowest energy of compounds of one prototype over lattice constant and parameters.

    Energies are taken at nodes of the parameters only, since there the reduced graph can be shared
    by all compounds; between nodes a parabola through three of them is used, one parameter after
    the other.

    Parameters
    ----------
    calculator
        Where energies come from.
    prototype
        With any number of parameters.
    bounds
        Lowest and highest lattice constant in angstrom.
    """

    def __init__(
        self, calculator: Calculator, prototype: Prototype, bounds: tuple[float, float]
    ) -> None:
        self._calculator = calculator
        self._bounds = bounds
        self._nodes = Nodes(calculator, prototype, bounds[0], STEP)

    def run(self, numbers: Integers) -> tuple[Minima, dict[str, Floats]]:
        """Relax compounds given as atomic numbers of the prototype's roles, (n, n_roles).

        Returns
        -------
        tuple
            Minima, and the relaxed parameters by name, (n,) each.
        """
        names = self._nodes.names
        n, width = len(numbers), len(names)
        nodes, position = np.zeros((n, width), dtype=np.int64), np.zeros((n, width))
        gain, bound = np.zeros((n, width)), np.zeros((n, width), dtype=np.bool_)
        found = scan_range(self._calculator, self._graph(nodes[0]), numbers, self._bounds)
        if not names:
            return found, {}
        moving = np.arange(n)
        # the lattice constant follows the parameters until those stay at their nodes
        for _ in range(ROUNDS * width):
            left = np.zeros(len(moving), dtype=np.bool_)
            for axis in range(width):
                position[moving, axis], gain[moving, axis], bound[moving, axis] = self._parabola(
                    numbers[moving], found.lattice_constant[moving], nodes[moving], axis
                )
                away = np.abs(position[moving, axis] - nodes[moving, axis]) > TOLERANCE
                nodes[moving[away], axis] = np.rint(position[moving[away], axis]).astype(np.int64)
                left |= away
            moving = moving[left]
            gain[moving] = 0.0
            self._rescan(numbers, found, nodes, moving)
        found.energy += gain.sum(axis=1)
        found.lattice_constant = self._nodes.lattice_constants(found.lattice_constant, position)
        enclosed = np.all(bound, axis=1).tolist()
        found.flag = [
            join_reasons(flag, "" if inside else UNBOUND, UNSETTLED if row in moving else "")
            for row, (flag, inside) in enumerate(zip(found.flag, enclosed, strict=True))
        ]
        return found, dict(zip(names, self._nodes.values(position).T, strict=True))

    def _rescan(self, numbers: Integers, found: Minima, nodes: Integers, rows: Integers) -> None:
        """Scan the lattice constant of some rows again, at their nodes."""
        for node in np.unique(nodes[rows], axis=0):
            here = rows[(nodes[rows] == node).all(axis=1)]
            graph, start = self._graph(node), found.lattice_constant[here]
            part = scan_around(self._calculator, graph, numbers[here], start)
            found.lattice_constant[here] = part.lattice_constant
            found.energy[here] = part.energy
            found.bulk_modulus_gpa[here] = part.bulk_modulus_gpa
            for row, flag in zip(here, part.flag, strict=True):
                # what the wide scan said stands, the fit is a new one
                lasting = [one for one in found.flag[row].split("; ") if one in LASTING]
                found.flag[row] = join_reasons(*lasting, flag)

    def _graph(self, node: Integers) -> QuotientGraph:
        return self._nodes.graph(tuple(node.tolist()))

    def _parabola(
        self, numbers: Integers, lattice_constants: Floats, nodes: Integers, axis: int
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Walk downhill along one parameter, at fixed lattice constant, to enclose the minimum.

        Returns
        -------
        tuple
            Position of the parabola's minimum in nodes, its energy relative to the node of the
            start in eV/atom, and whether the walk stayed within reach; all (n,).
        """
        table = np.full((len(numbers), 2 * REACH + 1), np.nan)
        rows, start = np.arange(len(numbers)), nodes[:, axis]

        def fill(wanted: Integers) -> None:
            """Compute the energies that the table does not have yet."""
            missing = rows[np.isnan(table[rows, wanted + REACH])]
            points = nodes[missing]
            points[:, axis] = wanted[missing]
            for point in np.unique(points, axis=0):
                some = missing[(points == point).all(axis=1)]
                table[some, point[axis] + REACH] = self._calculator.energies(
                    self._graph(point), numbers[some], lattice_constants[some]
                )

        node = np.clip(start, HALF - REACH, REACH - HALF)
        fill(start)
        for _ in range(2 * REACH):
            for shift in (-HALF, 0, HALF):
                fill(node + shift)
            left, centre, right = (table[rows, node + REACH + s] for s in (-HALF, 0, HALF))
            wanted = np.where(left < centre, -1, np.where(right < centre, 1, 0))
            wanted = np.where((left < centre) & (right < left), 1, wanted)
            moved = np.clip(node + wanted, HALF - REACH, REACH - HALF)
            if (moved == node).all():
                break
            node = moved
        bend = left - 2 * centre + right
        bound = (wanted == 0) & (bend > 0)
        bend = np.where(bound, bend, 1.0)
        offset = np.where(bound, 0.5 * HALF * (left - right) / bend, 0.0)
        depth = np.where(bound, (left - right) ** 2 / (8 * bend), 0.0)
        gain = centre - depth - table[rows, start + REACH]
        position: Floats = node.astype(np.float64) + offset
        return position, gain, bound
