"""Neighbour shells: the neighbours of a site, grouped by distance within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

TOLERANCE = 0.01
"""Angstrom: distances closer than this belong to one shell."""

NEIGHBOURS_PER_SHELL = 9
"""Typical of oxides; sets the first cutoff only, never the result."""

GROWTH = 1.25
LARGEST_CUTOFF = 100.0
COINCIDENT = 0.1


@dataclass(frozen=True)
class NeighbourShells:
    """Neighbours of several sites as flat arrays, sorted by centre, then by distance.

    Parameters
    ----------
    centre : int array (n,)
        Index of the centre site in the structure.
    neighbour : int array (n,)
        Index of the neighbour site, whatever its periodic image.
    distance : float64 array (n,)
        Angstrom.
    shell : int array (n,)
        0 for the nearest shell of the centre, then 1, 2, and so on.
    """

    centre: NDArray[np.intp]
    neighbour: NDArray[np.intp]
    distance: NDArray[np.float64]
    shell: NDArray[np.intp]


def neighbour_shells(
    structure: Structure,
    n_shells: int,
    tolerance: float = TOLERANCE,
    centres: Sequence[int] | None = None,
) -> NeighbourShells:
    """Find the first `n_shells` complete neighbour shells of sites.

    A new shell begins where the sorted distances of a centre jump by more than `tolerance`, so
    the small spread of a relaxed or slightly shaken cell does not split a shell.

    Parameters
    ----------
    structure
        Any periodic structure.
    n_shells
        Number of shells, 1 or more.
    tolerance
        Angstrom.
    centres
        Sites to look at; all of them by default.

    Raises
    ------
    UserError
        If two sites coincide, or a site has fewer shells within 100 angstrom.
    """
    chosen = np.arange(len(structure)) if centres is None else np.asarray(centres, dtype=np.intp)
    sites = [structure[index] for index in chosen.tolist()]
    density = len(structure) / structure.volume
    cutoff = (3 * (NEIGHBOURS_PER_SHELL * n_shells + 1) / (4 * np.pi * density)) ** (1 / 3)
    while cutoff < LARGEST_CUTOFF:
        found, neighbour, _, distance = structure.get_neighbor_list(
            cutoff, sites=sites, exclude_self=False
        )
        # get_neighbor_list would compare positions in `sites` with positions in the structure.
        other = (chosen[found] != neighbour) | (distance > COINCIDENT)
        _refuse_coincident(chosen[found[other]], neighbour[other], distance[other])
        shells = _group(found[other], neighbour[other], distance[other], tolerance)
        inner = shells.shell < n_shells
        if _complete(shells, len(chosen), n_shells, cutoff - tolerance):
            return NeighbourShells(
                chosen[shells.centre[inner]],
                shells.neighbour[inner],
                shells.distance[inner],
                shells.shell[inner],
            )
        cutoff *= GROWTH
    raise UserError(
        f"a site has fewer than {n_shells} neighbour shells within "
        f"{LARGEST_CUTOFF:g} angstrom; ask for fewer shells or check the lattice"
    )


def _group(
    centre: NDArray[np.intp],
    neighbour: NDArray[np.intp],
    distance: NDArray[np.float64],
    tolerance: float,
) -> NeighbourShells:
    """Sort by centre and distance and number the shells of each centre from 0."""
    order = np.lexsort((distance, centre))
    centre, neighbour, distance = centre[order], neighbour[order], distance[order]
    first = np.ones(len(centre), dtype=bool)
    first[1:] = centre[1:] != centre[:-1]
    jump = first.copy()
    jump[1:] |= np.diff(distance) > tolerance
    running = np.cumsum(jump)
    shell = running - running[first][np.cumsum(first) - 1]
    return NeighbourShells(centre, neighbour, distance, shell)


def _complete(shells: NeighbourShells, n_centres: int, n_shells: int, reach: float) -> bool:
    """Tell whether every centre has `n_shells` shells none of which can grow beyond the cutoff.

    The last shell is closed where a further distance was seen, or could not have been missed.
    """
    deepest = np.full(n_centres, -1)
    np.maximum.at(deepest, shells.centre, shells.shell)
    if (deepest < n_shells - 1).any():
        return False
    ends_open = deepest[shells.centre] == n_shells - 1
    return not (ends_open & (shells.shell == n_shells - 1) & (shells.distance > reach)).any()


def _refuse_coincident(
    centre: NDArray[np.intp], neighbour: NDArray[np.intp], distance: NDArray[np.float64]
) -> None:
    """Raise where the weight 1/d would mean nothing."""
    if len(distance) and distance.min() <= COINCIDENT:
        worst = int(distance.argmin())
        raise UserError(
            f"sites {centre[worst]} and {neighbour[worst]} are {distance[worst]:.3g} angstrom "
            "apart; remove duplicate sites"
        )
