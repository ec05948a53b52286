"""The free internal coordinate of a prototype (u of the spinel), from energies alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.labels.scan import (
    OUT_OF_RANGE,
    TWO_MINIMA,
    Minima,
    graph_for,
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
    """Lowest energy of compounds of one prototype over lattice constant and internal coordinate.

    Energies are taken at nodes of the internal coordinate only, since there the reduced graph can
    be shared by all compounds; between nodes a parabola through three of them is used.

    Parameters
    ----------
    calculator
        Where energies come from.
    prototype
        With at most one internal coordinate.
    bounds
        Lowest and highest lattice constant in angstrom.
    """

    def __init__(
        self, calculator: Calculator, prototype: Prototype, bounds: tuple[float, float]
    ) -> None:
        self._calculator = calculator
        self._prototype = prototype
        self._bounds = bounds
        self._graphs: dict[int, QuotientGraph] = {}

    def run(self, numbers: Integers) -> tuple[Minima, dict[str, Floats]]:
        """Relax compounds given as atomic numbers of A, B and X, (n, 3).

        Returns
        -------
        tuple
            Minima, and the relaxed internal coordinate by name, (n,).
        """
        found = scan_range(self._calculator, self._graph(0), numbers, self._bounds)
        if not self._prototype.parameters:
            return found, {}
        ((name, default),) = self._prototype.parameters
        n = len(numbers)
        nodes, position, gain = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)
        bound = np.zeros(n, dtype=np.bool_)
        moving = np.arange(n)
        # the lattice constant follows the internal coordinate until that stays at its node
        for _ in range(ROUNDS):
            position[moving], gain[moving], bound[moving] = self._parabola(
                numbers[moving], found.lattice_constant[moving], nodes[moving]
            )
            moving = moving[np.abs(position[moving] - nodes[moving]) > TOLERANCE]
            nodes[moving] = np.rint(position[moving]).astype(np.int64)
            gain[moving] = 0.0
            self._rescan(numbers, found, nodes, moving)
        found.energy += gain
        found.flag = [
            join_reasons(flag, "" if inside else UNBOUND, UNSETTLED if row in moving else "")
            for row, (flag, inside) in enumerate(zip(found.flag, bound, strict=True))
        ]
        return found, {name: default + STEP * position}

    def _rescan(self, numbers: Integers, found: Minima, nodes: Integers, rows: Integers) -> None:
        """Scan the lattice constant of some rows again, at their nodes."""
        for node in np.unique(nodes[rows]):
            here = rows[nodes[rows] == node]
            graph, start = self._graph(int(node)), found.lattice_constant[here]
            part = scan_around(self._calculator, graph, numbers[here], start)
            found.lattice_constant[here] = part.lattice_constant
            found.energy[here] = part.energy
            found.bulk_modulus_gpa[here] = part.bulk_modulus_gpa
            for row, flag in zip(here, part.flag, strict=True):
                # what the wide scan said stands, the fit is a new one
                lasting = [one for one in found.flag[row].split("; ") if one in LASTING]
                found.flag[row] = join_reasons(*lasting, flag)

    def _graph(self, node: int) -> QuotientGraph:
        if node not in self._graphs:
            values = {name: value + STEP * node for name, value in self._prototype.parameters}
            roles = tuple("ABX".index(role) for role in self._prototype.site_roles)
            self._graphs[node] = graph_for(
                self._calculator, self._prototype.cell(**values), roles, self._bounds[0]
            )
        return self._graphs[node]

    def _parabola(
        self, numbers: Integers, lattice_constants: Floats, start: Integers
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Walk downhill over the nodes at fixed lattice constant until three enclose the minimum.

        Returns
        -------
        tuple
            Position of the parabola's minimum in nodes, its energy relative to the node `start`
            in eV/atom, and whether the walk stayed within reach; all (n,).
        """
        table = np.full((len(numbers), 2 * REACH + 1), np.nan)
        rows = np.arange(len(numbers))
        node = np.clip(start, HALF - REACH, REACH - HALF)
        self._fill(table, numbers, lattice_constants, rows, start)
        for _ in range(2 * REACH):
            for shift in (-HALF, 0, HALF):
                self._fill(table, numbers, lattice_constants, rows, node + shift)
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

    def _fill(
        self,
        table: Floats,
        numbers: Integers,
        lattice_constants: Floats,
        rows: Integers,
        nodes: Integers,
    ) -> None:
        """Compute the energies that the table does not have yet."""
        missing = np.isnan(table[rows, nodes + REACH])
        for node in np.unique(nodes[missing]):
            some = rows[missing & (nodes == node)]
            table[some, node + REACH] = self._calculator.energies(
                self._graph(int(node)), numbers[some], lattice_constants[some]
            )
