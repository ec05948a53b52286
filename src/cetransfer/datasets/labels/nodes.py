"""Nodes: the grid of parameter values at which energies of a prototype are taken.

A node is a tuple of whole numbers, steps from the default value of every parameter. The reduced
graph of a node is built once and shared by all compounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.labels.scan import graph_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.datasets.labels.network import Calculator
    from cetransfer.datasets.labels.quotient import QuotientGraph
    from cetransfer.structures.prototypes import Prototype

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Node = tuple[int, ...]

RATIO_STEP = 0.01
"""Share of the default c/a between nodes: a change that the other parameters can follow."""


class Nodes:
    """Graphs and parameter values of the nodes of one prototype.

    Cells of all nodes have the volume of the default one: a ratio c/a that changed the volume would
    drag the lattice constant along with every step.

    Parameters
    ----------
    calculator
        Gives the cutoffs of the graphs.
    prototype
        With any number of parameters.
    low
        Lowest lattice constant in angstrom.
    step
        Between nodes of an internal coordinate.
    """

    def __init__(
        self, calculator: Calculator, prototype: Prototype, low: float, step: float
    ) -> None:
        self._calculator = calculator
        self._prototype = prototype
        self._low = low
        self._graphs: dict[Node, QuotientGraph] = {}
        self.names = tuple(name for name, _ in prototype.parameters)
        self._defaults = np.array([value for _, value in prototype.parameters])
        self._steps = np.array(
            [
                RATIO_STEP * value if _is_ratio(name) else step
                for name, value in prototype.parameters
            ]
        )

    def graph(self, node: Node) -> QuotientGraph:
        """Return the reduced graph of a node, of the volume of the default cell."""
        if node not in self._graphs:
            values = dict(zip(self.names, self.values(np.array(node)).tolist(), strict=True))
            lattice, coordinates = self._prototype.cell(**values)
            roles = self._prototype.roles
            kinds = tuple(roles.index(role) for role in self._prototype.site_roles)
            cell = (lattice * self._stretch(values), coordinates)
            self._graphs[node] = graph_for(self._calculator, cell, kinds, self._low)
        return self._graphs[node]

    def values(self, position: Floats | Integers) -> Floats:
        """Return parameter values at positions in nodes, (..., n_parameters)."""
        values: Floats = self._defaults + self._steps * position
        return values

    def lattice_constants(self, scanned: Floats, position: Floats) -> Floats:
        """Turn lattice constants of cells of the default volume (n,) into those of the real ones.

        Parameters
        ----------
        scanned
            In angstrom, (n,).
        position
            In nodes, (n, n_parameters).
        """
        if not any(map(_is_ratio, self.names)):
            return scanned
        rows = self.values(position).tolist()
        stretch = [self._stretch(dict(zip(self.names, row, strict=True))) for row in rows]
        constants: Floats = scanned * np.array(stretch)
        return constants

    def _stretch(self, values: dict[str, float]) -> float:
        """Factor on the lattice vectors that restores the volume of the default cell."""
        changed = np.prod(
            [values[name] / value for name, value in self._prototype.parameters if _is_ratio(name)]
        )
        return float(changed ** (-1 / 3))


def _is_ratio(name: str) -> bool:
    return name == "c_over_a"
