"""Cells of the prototypes: lattice vectors and coordinates as functions of what is free in them.

Each function returns the lattice vectors (3, 3) in units of the conventional lattice constant a and
the fractional coordinates (n_atoms, 3) of the primitive cell, role by role in the order of the
prototype's `site_roles`. Where the positions are worked out by symmetry, the operations are those
of International Tables for Crystallography A as spglib holds them, by Hall number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Sites = Sequence[Sequence[float]]
    Cell = tuple[Floats, Floats]

FCC_PRIMITIVE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
BODY_PRIMITIVE = np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]])

HALL_P42_MNM = 419
HALL_I4_MMM = 424
HALL_FD3M_ORIGIN_2 = 526
HALL_IA3D = 530

SAME_SITE = 1e-6
"""In units of the primitive vectors: images closer than this are one site."""


def spinel(u: float) -> Cell:
    """Place 2 A on 8a (1/8), 4 B on 16d (1/2), 8 X on 32e (u) of Fd-3m, origin choice 2.

    Representatives of the four-fold centred cell from International Tables for Crystallography A,
    no. 227; u = 0.25 is the ideal cubic close packing, the usual spinel has 0.26 to 0.265.
    """
    tetrahedral = [[1 / 8] * 3, [7 / 8] * 3]
    octahedral = [[1 / 2, 1 / 2, 1 / 2], [1 / 4, 3 / 4, 0], [3 / 4, 0, 1 / 4], [0, 1 / 4, 3 / 4]]
    half = [
        [u, u, u],
        [3 / 4 - u, 1 / 4 - u, u + 1 / 2],
        [1 / 4 - u, u + 1 / 2, 3 / 4 - u],
        [u + 1 / 2, 3 / 4 - u, 1 / 4 - u],
    ]
    anions = half + [[-value for value in site] for site in half]
    return _face_centred(tetrahedral + octahedral + anions)


def perovskite() -> Cell:
    """Place A on 1a (corner), B on 1b (centre), X on 3c (face centres) of Pm-3m."""
    halves = [[0, 0, 0], [1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    return np.eye(3), np.array(halves, dtype=np.float64) / 2


def rocksalt() -> Cell:
    """Place A on 4a (corner), X on 4b (centre) of Fm-3m."""
    return _face_centred([[0, 0, 0], [1 / 2, 1 / 2, 1 / 2]])


def fluorite() -> Cell:
    """Place A on 4a (corner), 2 X on 8c (1/4) of Fm-3m."""
    return _face_centred([[0, 0, 0], [1 / 4] * 3, [3 / 4] * 3])


def rutile(c_over_a: float, u: float) -> Cell:
    """Place 2 A on 2a (0, 0, 0), 4 X on 4f (u, u, 0) of P4_2/mnm.

    TiO2 has a = 4.594 angstrom, c/a = 0.644 and u = 0.305 (Abrahams and Bernstein, J. Chem. Phys.
    55:3206, 1971, doi 10.1063/1.1676569).
    """
    lattice = np.diag([1.0, 1.0, c_over_a])
    return lattice, _spread(HALL_P42_MNM, np.eye(3), [[0, 0, 0], [u, u, 0]])


def pyrochlore(x: float) -> Cell:
    """Place 4 A on 16d, 4 B on 16c, 12 X on 48f (x, 1/8, 1/8) and 2 on 8b of Fd-3m, origin 2.

    A is the larger cation, eight-fold coordinated. x lies between 5/16 (regular octahedra around B)
    and 3/8 (regular cubes around A); oxides have 0.32 to 0.345 (Subramanian, Aravamudan and Rao,
    Prog. Solid State Chem. 15:55, 1983, doi 10.1016/0079-6786(83)90001-8).
    """
    sites: Sites = [[1 / 2] * 3, [0, 0, 0], [x, 1 / 8, 1 / 8], [3 / 8] * 3]
    return FCC_PRIMITIVE.copy(), _spread(HALL_FD3M_ORIGIN_2, FCC_PRIMITIVE, sites)


def garnet(x: float, y: float, z: float) -> Cell:
    """Place 12 A on 24c, 8 B on 16a, 12 C on 24d, 48 X on 96h (x, y, z) of Ia-3d.

    A is eight-fold (dodecahedron), B six-fold, C four-fold coordinated. Grossular, Ca3Al2Si3O12,
    has a = 11.845 angstrom and x, y, z = 0.0381, 0.0449, 0.6514 (Novak and Gibbs, Am. Mineral.
    56:791, 1971).
    """
    sites: Sites = [[1 / 8, 0, 1 / 4], [0, 0, 0], [3 / 8, 0, 1 / 4], [x, y, z]]
    return BODY_PRIMITIVE.copy(), _spread(HALL_IA3D, BODY_PRIMITIVE, sites)


def k2nif4(c_over_a: float, z_a: float, z_x: float) -> Cell:
    """Place 2 A on 4e (0, 0, z_a), B on 2a, 2 X on 4c (in plane) and 2 on 4e (z_x) of I4/mmm.

    K2NiF4 has a = 4.006 angstrom, c/a = 3.264, z_a = 0.352 and z_x = 0.151 (Balz and Plieth,
    Z. Elektrochem. 59:545, 1955).
    """
    stretch = np.diag([1.0, 1.0, c_over_a])
    sites: Sites = [[0, 0, z_a], [0, 0, 0], [0, 1 / 2, 0], [0, 0, z_x]]
    return BODY_PRIMITIVE @ stretch, _spread(HALL_I4_MMM, BODY_PRIMITIVE, sites)


def double_perovskite(x: float) -> Cell:
    """Place 2 A on 8c (1/4), B on 4a (corner), C on 4b (centre), 6 X on 24e (x, 0, 0) of Fm-3m.

    The rock-salt order of B and B' (here C) of elpasolite; x = 1/4 is the undistorted perovskite,
    where both octahedra are equally large (Vasala and Karppinen, Prog. Solid State Chem. 43:1,
    2015, doi 10.1016/j.progsolidstchem.2014.08.001).
    """
    cations: Sites = [[1 / 4] * 3, [3 / 4] * 3, [0, 0, 0], [1 / 2] * 3]
    axes = np.eye(3) * x
    return _face_centred([*cations, *axes.tolist(), *(-axes).tolist()])


def _face_centred(sites: Sites) -> Cell:
    """Express sites of the conventional cubic cell in the primitive one."""
    lattice = FCC_PRIMITIVE.copy()
    return lattice, (np.array(sites, dtype=np.float64) @ np.linalg.inv(lattice)) % 1.0


def _spread(hall_number: int, primitive: Floats, sites: Sites) -> Floats:
    """Return all images of sites in the primitive cell, one after the other.

    Parameters
    ----------
    hall_number
        Of the space group in spglib's list.
    primitive
        Primitive vectors in units of the conventional ones.
    sites
        In conventional coordinates.
    """
    rotations, translations = _operations(hall_number)
    to_primitive = np.linalg.inv(primitive)
    found: list[Floats] = []
    for site in sites:
        images = (rotations @ np.array(site, dtype=np.float64) + translations) @ to_primitive
        orbit: list[Floats] = []
        for image in images:
            apart = [np.abs((image - one + 0.5) % 1.0 - 0.5).max() > SAME_SITE for one in orbit]
            if all(apart):
                orbit.append(image % 1.0)
        found += orbit
    return np.array(found)


@lru_cache
def _operations(hall_number: int) -> tuple[Floats, Floats]:
    """Return rotations (n, 3, 3) and translations (n, 3) of a space group."""
    import spglib

    operations = spglib.get_symmetry_from_database(hall_number)
    if operations is None:
        raise ValueError(f"spglib knows no Hall number {hall_number}")
    return operations["rotations"].astype(np.float64), operations["translations"]
