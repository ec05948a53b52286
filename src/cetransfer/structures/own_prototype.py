"""A prototype of the user's own, from a CIF whose site labels are roles."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.structures.prototypes import PROTOTYPES, Prototype
from cetransfer.structures.role_cif import LARGEST_CELL, ROLES, read_role_cif, too_large
from cetransfer.structures.sites import SYMPREC

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    Floats = NDArray[np.float64]
    Rows = tuple[tuple[float, ...], ...]

RESERVED = (*PROTOTYPES, "elements")
"""Names that tables of labels have already."""

LARGEST_FILE = 1_000_000
"""Bytes."""

NEAREST = 0.5
"""Angstrom: no two atoms of a crystal are closer."""


@dataclass(frozen=True)
class FixedCell:
    """Geometry without a free parameter; tuples, so that it is hashed by its content."""

    lattice: Rows
    coordinates: Rows

    def __call__(self) -> tuple[Floats, Floats]:
        """Return lattice vectors (3, 3) for a lattice constant of 1 and coordinates (n, 3)."""
        return np.array(self.lattice), np.array(self.coordinates)


def prototype_from_cif(path: Path) -> Prototype:
    """Return the prototype that a CIF file describes, see `read_role_cif`.

    Roles lower the symmetry as elements would. Shape of the cell and coordinates are fixed as in
    the file, once they are freed of what departs from the symmetry by less than `SYMPREC`. The
    lattice constant a that scales the cell is ``_cell_length_a`` of the file.

    Raises
    ------
    UserError
        If the file cannot be read, or saying what is wrong in it and what would be right.
    """
    where = f"prototype {path}"
    if path.stem in RESERVED:
        raise UserError(f"{where}: the name {path.stem!r} is taken already; rename the file")
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_FILE else b""
    except OSError as error:
        raise UserError(f"{where}: {error.strerror}; check the path") from error
    if size > LARGEST_FILE:
        raise UserError(f"{where}: {size} bytes are no CIF of one small cell; give that alone")
    try:
        return _from_content(path.stem, content)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


@lru_cache(maxsize=32)
def _from_content(name: str, content: bytes) -> Prototype:
    whole = read_role_cif(content)
    lattice, coordinates, roles, space_group = _primitive(whole)
    counts = [(role, roles.count(role)) for role in dict.fromkeys(roles)]
    units = math.gcd(*(count for _, count in counts))
    parts = [
        f"{'O' if role == 'X' else role}{'' if count == units else count // units}"
        for role, count in counts
    ]
    return Prototype(
        name=name,
        formula_template="".join(parts),
        space_group=space_group,
        site_roles=roles,
        parameters=(),
        geometry=FixedCell(_rows(lattice / whole.lattice.a), _rows(coordinates)),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _primitive(whole: Structure) -> tuple[Floats, Floats, tuple[str, ...], int]:
    """Return lattice vectors, coordinates and roles, sorted by role, and the space group."""
    import spglib
    from pymatgen.core import Structure

    kinds = [ROLES.index(role) for role in whole.site_properties["role"]]
    cell = (whole.lattice.matrix, whole.frac_coords, kinds)
    symmetry = spglib.get_symmetry_dataset(cell, symprec=SYMPREC)
    found = spglib.standardize_cell(cell, to_primitive=True, symprec=SYMPREC)
    if symmetry is None or found is None:
        raise UserError("its symmetry cannot be worked out; check for sites too close together")
    lattice, coordinates, numbers = map(np.asarray, found)
    if len(numbers) > LARGEST_CELL:
        raise too_large(f"{len(numbers)} sites in its primitive cell")
    order = np.argsort(numbers, kind="stable")
    coordinates, roles = coordinates[order] % 1.0, tuple(ROLES[kind] for kind in numbers[order])
    if not Structure(lattice, ["O"] * len(roles), coordinates).is_valid(NEAREST):
        raise UserError(
            f"two of its sites are closer than {NEAREST} angstrom; check coordinates and cell"
        )
    return lattice, coordinates, roles, int(symmetry.number)


def _rows(values: Floats) -> Rows:
    return tuple(tuple(row) for row in values.tolist())
