"""Lattice constants of many compounds in step, from energies alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.labels.equation_of_state import fit_birch_murnaghan
from cetransfer.datasets.labels.quotient import build_quotient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.datasets.labels.network import Calculator
    from cetransfer.datasets.labels.quotient import QuotientGraph

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

COARSE = 0.03  # relative step of the first scan
FINE = 0.01  # relative step of the scan that is fitted
FINE_HALF = 4  # its steps on each side of the centre
RECENTRE = 4  # how often the fine scan may follow a minimum at its end
MAX_RMS = 0.003  # eV/atom; a worse fit is flagged
WALL = 1.0  # eV/atom above the lowest point: the scan has met the repulsive wall
RIVAL = 0.01  # eV/atom; a second minimum this close to the lowest is flagged

OUT_OF_RANGE = "no minimum inside the scanned lattice constants"
POOR_FIT = "poor fit of the equation of state"
SOFT = "bulk modulus not positive"
TWO_MINIMA = "two lattice constants of nearly equal energy"


@dataclass
class Minima:
    """Lowest point of every compound, (n,) each.

    Parameters
    ----------
    lattice_constant
        In angstrom.
    energy
        In eV/atom.
    bulk_modulus_gpa
        NaN where the fit has no minimum.
    flag
        Reasons to doubt the row joined by "; ", "" when there is none.
    """

    lattice_constant: Floats
    energy: Floats
    bulk_modulus_gpa: Floats
    flag: list[str]


def join_reasons(*reasons: str) -> str:
    """Join reasons for a flag, without empty ones and repeats."""
    parts = [part for reason in reasons for part in reason.split("; ") if part]
    return "; ".join(dict.fromkeys(parts))


def graph_for(
    calculator: Calculator, cell: tuple[Floats, Floats], kinds: tuple[int, ...], low: float
) -> QuotientGraph:
    """Reduce a unit cell, reaching the cutoffs down to a little below a lattice constant `low`."""
    least = low * (1 - (FINE_HALF + 1) * FINE)
    lattice, coordinates = cell
    return build_quotient(
        lattice, coordinates, kinds, calculator.bond_cutoff / least, calculator.angle_cutoff / least
    )


def scan_range(
    calculator: Calculator,
    graph: QuotientGraph,
    numbers: Integers,
    bounds: tuple[float, float],
    wall: float = WALL,
) -> Minima:
    """Find the lattice constant of lowest energy within `bounds` (angstrom).

    A coarse scan from the wide end, over all dips on the way until the energy has risen far, is
    followed by `scan_around` its lowest point.

    Parameters
    ----------
    calculator
        Where energies come from.
    graph
        Reduced graph of the geometry, from `graph_for` with the lower bound.
    numbers
        Atomic number of every kind, (n, n_kinds).
    bounds
        Lowest and highest lattice constant in angstrom.
    wall
        Energy above the lowest point so far, in eV/atom, at which the scan ends; infinite for the
        whole range.
    """
    low, high = bounds
    grid = np.geomspace(low, high, int(np.ceil(np.log(high / low) / COARSE)) + 1)
    energies = _compress(calculator, graph, numbers, grid, wall)
    lowest = energies.argmin(axis=1)
    # next to an end the fit has no points on one side, so the range must be given wider
    inside = (lowest > 0) & (lowest < len(grid) - 1)
    rows, middle = np.arange(len(numbers)), np.clip(lowest, 1, len(grid) - 2)
    left, centre, right = (energies[rows, middle + step] for step in (-1, 0, 1))
    bend = np.where(inside, left - 2 * centre + right, 1.0)
    offset = np.where(inside, 0.5 * (left - right) / bend, 0.0)
    guess = grid[lowest] * (grid[1] / grid[0]) ** offset
    found = scan_around(calculator, graph, numbers, guess)
    for row in rows:
        found.flag[row] = join_reasons(
            "" if inside[row] else OUT_OF_RANGE,
            found.flag[row],
            TWO_MINIMA if _gap_to_second(energies[row]) < RIVAL else "",
        )
    return found


def _compress(
    calculator: Calculator, graph: QuotientGraph, numbers: Integers, grid: Floats, wall: float
) -> Floats:
    """Compute energies (n, n_grid) from the widest cell down to the repulsive wall.

    They are infinite beyond: a network that never saw such cells may invent anything there, and
    small cells cost most.
    """
    energies = np.full((len(numbers), len(grid)), np.inf)
    active = np.arange(len(numbers))
    for point in range(len(grid) - 1, -1, -1):
        lattice_constants = np.full(len(active), grid[point])
        energies[active, point] = calculator.energies(graph, numbers[active], lattice_constants)
        risen = energies[active, point] - energies[active].min(axis=1)
        active = active[risen < wall]
        if not len(active):
            break
    return energies


def scan_around(
    calculator: Calculator, graph: QuotientGraph, numbers: Integers, centres: Floats
) -> Minima:
    """Scan closely around given lattice constants, (n,) in angstrom, and fit E(V).

    The scan follows a minimum at its end a few times; what does not come to rest is flagged and
    keeps its lowest computed point.
    """
    ratios = (1 + FINE) ** np.arange(-FINE_HALF, FINE_HALF + 1)
    centres = centres.copy()
    energies = np.empty((len(numbers), len(ratios)))
    moving = np.arange(len(numbers))
    for _ in range(RECENTRE + 1):
        points = np.outer(centres[moving], ratios)
        energies[moving] = calculator.energies(
            graph, np.repeat(numbers[moving], len(ratios), axis=0), points.ravel()
        ).reshape(points.shape)
        lowest = energies[moving].argmin(axis=1)
        at_end = (lowest == 0) | (lowest == len(ratios) - 1)
        moving = moving[at_end]
        if not len(moving):
            break
        centres[moving] = points[at_end, lowest[at_end]]
    return _fit_rows(graph, np.outer(centres, ratios), energies, set(moving.tolist()))


def _fit_rows(
    graph: QuotientGraph, lattice_constants: Floats, energies: Floats, unsettled: set[int]
) -> Minima:
    """Fit every row; a row without a trustworthy minimum keeps its lowest point and a flag."""
    n_atoms = int(graph.atom_counts.sum())
    lattice_constant, energy, bulk_modulus = (np.full(len(energies), np.nan) for _ in range(3))
    found = Minima(lattice_constant, energy, bulk_modulus, [""] * len(energies))
    for row, (points, values) in enumerate(zip(lattice_constants, energies, strict=True)):
        best = values.argmin()
        found.lattice_constant[row], found.energy[row] = points[best], values[best]
        if row in unsettled:
            found.flag[row] = OUT_OF_RANGE
            continue
        state = fit_birch_murnaghan(graph.volume * points**3, values * n_atoms)
        length = (state.volume / graph.volume) ** (1 / 3)
        if not points[0] < length < points[-1]:
            found.flag[row] = POOR_FIT
            continue
        found.lattice_constant[row] = length
        found.energy[row] = state.energy / n_atoms
        found.bulk_modulus_gpa[row] = state.bulk_modulus_gpa
        found.flag[row] = join_reasons(
            POOR_FIT if state.rms / n_atoms > MAX_RMS else "",
            "" if state.bulk_modulus_gpa > 0 else SOFT,
        )
    return found


def _gap_to_second(energies: Floats) -> float:
    """Energy of the second lowest local minimum above the lowest, infinite if there is one only."""
    middle = energies[1:-1]
    local = np.sort(middle[(middle < energies[:-2]) & (middle <= energies[2:])])
    return float(local[1] - local[0]) if len(local) > 1 else np.inf
