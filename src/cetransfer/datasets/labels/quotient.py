"""The neighbour graph of a crystal reduced by symmetry, for energies that cost next to nothing.

A graph network gives the same features to atoms, bonds and angles that its messages cannot tell
apart. So it is enough to keep one of each class together with the number of its copies: a 14-atom
spinel with more than a thousand bonds shrinks to three atoms and a few dozen bonds, and the energy
stays what it was. Classes come from colour refinement (Weisfeiler and Leman, 1968), the coarsest
partition for which this is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

SAME = 1e-7  # lengths (in lattice constants) and cosines closer than this are equal


@dataclass(frozen=True)
class QuotientGraph:
    """One representative per class of atoms, bonds and angles; lengths in lattice constants.

    Parameters
    ----------
    kinds
        Kind (role) number of every atom class, (n_atoms,).
    atom_counts
        Atoms of the cell in each class, (n_atoms,).
    lengths
        Length of every bond class in ascending order, (n_bonds,).
    edges
        Directed bonds as (centre class, neighbour class, bond class), (n_edges, 3), ordered by
        bond class.
    edge_counts
        Copies of each directed bond around one atom of the centre class, (n_edges,).
    angles
        Angles as (centre class, bond class, other bond class), (n_angles, 3), ordered by the
        longer of the two bonds.
    angle_counts
        Copies of each angle at one bond of the first bond class, both ends together, (n_angles,).
    cosines
        Cosine between the two bonds, (n_angles,).
    volume
        Volume of the cell in cubed lattice constants.
    """

    kinds: Integers
    atom_counts: Integers
    lengths: Floats
    edges: Integers
    edge_counts: Integers
    angles: Integers
    angle_counts: Integers
    cosines: Floats
    volume: float


def build_quotient(
    lattice: Floats,
    coordinates: Floats,
    kinds: Sequence[int],
    bond_radius: float,
    angle_radius: float,
) -> QuotientGraph:
    """Reduce the neighbour graph of a cell with unit lattice constant.

    Parameters
    ----------
    lattice
        Lattice vectors in rows, (3, 3), in units of the lattice constant.
    coordinates
        Fractional coordinates, (n, 3).
    kinds
        Kind of each atom; atoms of different kinds never share a class, (n,).
    bond_radius, angle_radius
        Longest bond, and longest bond that takes part in angles, in lattice constants.
    """
    centre, neighbour, vectors, reverse = _directed_bonds(lattice, coordinates, bond_radius)
    distance = np.linalg.norm(vectors, axis=1)
    # every directed bond and its reverse share one undirected bond
    undirected = np.unique(np.minimum(np.arange(len(centre)), reverse), return_inverse=True)[1]
    first, second, cosine = _angle_pairs(centre, vectors, distance, angle_radius)

    length = np.empty(undirected.max() + 1)
    length[undirected] = distance
    bond_colour = _rank_values(length)
    atom_colour = np.asarray(kinds, dtype=np.int64)
    cosine_rank = _rank_values(cosine)
    apex = centre[first]
    while True:
        seen = (atom_colour.max(), bond_colour.max())
        around_atom = _messages(centre, bond_colour[undirected], atom_colour[neighbour])
        around_bond = _messages(
            undirected[first], atom_colour[apex], bond_colour[undirected[second]], cosine_rank
        )
        refined = _refine(atom_colour, around_atom)
        bond_colour = _refine(bond_colour, around_bond)
        atom_colour = refined
        if seen == (atom_colour.max(), bond_colour.max()):
            break

    atoms = np.unique(atom_colour, return_index=True)[1]
    bonds = np.unique(bond_colour, return_index=True)[1]
    of_one_atom = np.isin(np.arange(len(coordinates)), atoms)[centre]
    edges, edge_counts = np.unique(
        np.column_stack((bond_colour[undirected], atom_colour[centre], atom_colour[neighbour]))[
            of_one_atom
        ],
        axis=0,
        return_counts=True,
    )
    of_one_bond = np.isin(np.arange(len(length)), bonds)[undirected[first]]
    one, other = bond_colour[undirected[first]], bond_colour[undirected[second]]
    table = np.column_stack((np.maximum(one, other), atom_colour[apex], one, other, cosine_rank))
    angles, where, angle_counts = np.unique(
        table[of_one_bond], axis=0, return_index=True, return_counts=True
    )
    return QuotientGraph(
        kinds=np.asarray(kinds, dtype=np.int64)[atoms],
        atom_counts=np.bincount(atom_colour).astype(np.int64),
        lengths=length[bonds],
        edges=edges[:, [1, 2, 0]],
        edge_counts=edge_counts.astype(np.int64),
        angles=angles[:, 1:4],
        angle_counts=angle_counts.astype(np.int64),
        cosines=cosine[of_one_bond][where],
        volume=float(abs(np.linalg.det(lattice))),
    )


def _directed_bonds(
    lattice: Floats, coordinates: Floats, radius: float
) -> tuple[Integers, Integers, Floats, Integers]:
    """List all bonds up to a radius: centre, neighbour, vector, index of the reverse bond."""
    # the distance between lattice planes says how many images can lie within the radius
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    reach = np.ceil(radius / heights).astype(int) + 1
    ranges = [np.arange(-n, n + 1) for n in reach]
    images = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    shift = coordinates[None, :, :] - coordinates[:, None, :]
    vectors = (shift[:, :, None, :] + images) @ lattice
    distance = np.linalg.norm(vectors, axis=-1)
    centre, neighbour, image = np.nonzero((distance <= radius + SAME) & (distance > SAME))
    opposite = len(images) - 1 - image  # the image list is symmetric about zero
    keys = {key: row for row, key in enumerate(zip(centre, neighbour, image, strict=True))}
    reverse = [keys[key] for key in zip(neighbour, centre, opposite, strict=True)]
    return centre, neighbour, vectors[centre, neighbour, image], np.array(reverse, dtype=np.int64)


def _angle_pairs(
    centre: Integers, vectors: Floats, distance: Floats, radius: float
) -> tuple[Integers, Integers, Floats]:
    """List ordered pairs of different short bonds at one centre and the cosine between them."""
    short = np.flatnonzero(distance <= radius + SAME)
    first, second = np.nonzero(
        (centre[short][:, None] == centre[short][None, :]) & ~np.eye(len(short), dtype=bool)
    )
    first, second = short[first], short[second]
    cosine = np.einsum("ij,ij->i", vectors[first], vectors[second])
    return first, second, cosine / (distance[first] * distance[second])


def _rank_values(values: Floats) -> Integers:
    """Give groups of equal values their number in ascending order."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    order = np.argsort(values, kind="stable")
    steps = np.concatenate(([0], np.diff(values[order]) > SAME))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.cumsum(steps)
    return ranks


def _messages(owners: Integers, *columns: Integers) -> Iterable[tuple[int, tuple[int, ...]]]:
    """Pair every owner with its message; plain numbers, which sort and compare fast."""
    return zip(owners.tolist(), zip(*(one.tolist() for one in columns), strict=True), strict=True)


def _refine(colours: Integers, messages: Iterable[tuple[int, tuple[int, ...]]]) -> Integers:
    """Split every colour by the multiset of messages that its members receive, keeping its rank."""
    received: list[list[tuple[int, ...]]] = [[] for _ in colours]
    for owner, message in messages:
        received[owner].append(message)
    keys = [(c, tuple(sorted(box))) for c, box in zip(colours.tolist(), received, strict=True)]
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([ranks[key] for key in keys], dtype=np.int64)
