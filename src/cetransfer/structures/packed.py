"""Many structures in little memory: flat arrays, and a pymatgen Structure when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from pymatgen.core import Structure

ROLES = ("A", "B", "C", "X")
"""Every role a site can have: cations, then the anion."""


@dataclass(frozen=True, eq=False)
class PackedStructures(Sequence["Structure"]):
    """Structures whose sites have roles; behaves as a tuple of pymatgen structures.

    A pymatgen Structure of 20 sites takes 30 kB, its row here less than 1 kB.

    Parameters
    ----------
    start : int64 array (n + 1,)
        Sites of structure i are ``start[i]`` to ``start[i + 1]``; none stands for no structure.
    lattices : float64 array (n, 3, 3)
        Rows are the lattice vectors in angstrom.
    numbers : uint8 array (n_sites,)
        Atomic numbers.
    coordinates : float64 array (n_sites, 3)
        Fractional.
    roles : uint8 array (n_sites,)
        Positions in `ROLES`.
    """

    start: NDArray[np.int64]
    lattices: NDArray[np.float64]
    numbers: NDArray[np.uint8]
    coordinates: NDArray[np.float64]
    roles: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.start) - 1

    @overload
    def __getitem__(self, index: int) -> Structure: ...
    @overload
    def __getitem__(self, index: slice) -> PackedStructures: ...
    def __getitem__(self, index: int | slice) -> Structure | PackedStructures:
        from pymatgen.core import Structure

        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        own = slice(self.start[index], self.start[index + 1])
        symbols = symbol_of()
        return Structure(
            self.lattices[index],
            [symbols[number] for number in self.numbers[own].tolist()],
            self.coordinates[own],
            site_properties={"role": [ROLES[role] for role in self.roles[own].tolist()]},
        )

    def take(self, rows: NDArray[np.int64]) -> PackedStructures:
        """Return the structures at `rows`, in that order."""
        sizes = np.diff(self.start)[rows]
        start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        sites = np.repeat(self.start[rows] - start[:-1], sizes) + np.arange(start[-1])
        return PackedStructures(
            start,
            self.lattices[rows],
            self.numbers[sites],
            self.coordinates[sites],
            self.roles[sites],
        )

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of sites of each structure (n,)."""
        return np.diff(self.start)

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, 64 hex digits."""
        hasher = hashlib.sha256()
        for array in self.arrays().values():
            hasher.update(np.ascontiguousarray(array).tobytes())
        return hasher.hexdigest()

    def digests(self, decimals: int = 4) -> list[str]:
        """Return a digest of every structure by itself, equal where they agree to `decimals`."""
        found = []
        for i in range(len(self)):
            own = slice(self.start[i], self.start[i + 1])
            hasher = hashlib.sha256(self.numbers[own].tobytes() + self.roles[own].tobytes())
            for array in (self.lattices[i], self.coordinates[own]):
                # + 0.0: of -0.0 and 0.0 only one
                hasher.update((np.round(array, decimals) + 0.0).tobytes())
            found.append(hasher.hexdigest())
        return found

    def elements(self) -> list[dict[str, str]]:
        """Return, for each structure, its roles with their elements, joined by commas."""
        symbols = symbol_of()
        found = []
        for i in range(len(self)):
            own = slice(self.start[i], self.start[i + 1])
            pairs = np.unique(self.roles[own].astype(np.int64) * 256 + self.numbers[own])
            on_role: dict[str, str] = {}
            for code in pairs.tolist():
                role, symbol = ROLES[code // 256], symbols[code % 256]
                on_role[role] = f"{on_role[role]},{symbol}" if role in on_role else symbol
            found.append(on_role)
        return found

    def formulas(self) -> list[tuple[str, int]]:
        """Return the reduced formula of every structure, roles in order, and its atoms."""
        symbols = symbol_of()
        found = []
        for i in range(len(self)):
            own = slice(self.start[i], self.start[i + 1])
            codes, counts = np.unique(
                self.roles[own].astype(np.int64) * 256 + self.numbers[own], return_counts=True
            )
            reduced = counts // np.gcd.reduce(counts) if len(counts) else counts
            written = [
                f"{symbols[code % 256]}{count if count > 1 else ''}"
                for code, count in zip(codes.tolist(), reduced.tolist(), strict=True)
            ]
            found.append(("".join(written), max(int(reduced.sum()), 1)))
        return found

    def arrays(self) -> dict[str, Any]:
        """Return the arrays by name, as `numpy.savez` takes them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def pack(structures: Iterable[Structure | None]) -> PackedStructures:
    """Pack structures with the site property ``role``; None leaves a place without sites."""
    sizes, lattices, numbers, coordinates, roles = [0], [], [], [], []
    for structure in structures:
        if structure is None:
            sizes.append(0)
            lattices.append(np.zeros((3, 3)))
            continue
        sizes.append(len(structure))
        lattices.append(structure.lattice.matrix)
        numbers += [site.specie.Z for site in structure]
        coordinates.append(structure.frac_coords)
        roles += [ROLES.index(role) for role in structure.site_properties["role"]]
    return PackedStructures(
        np.cumsum(sizes).astype(np.int64),
        np.array(lattices, np.float64).reshape(-1, 3, 3),
        np.array(numbers, np.uint8),
        np.concatenate([np.empty((0, 3)), *coordinates]),
        np.array(roles, np.uint8),
    )


def join(parts: Sequence[PackedStructures]) -> PackedStructures:
    """Return all structures of several packs, one after the other."""
    sizes = np.concatenate([[0], *(part.sizes for part in parts)])
    return PackedStructures(
        np.cumsum(sizes).astype(np.int64),
        np.concatenate([np.empty((0, 3, 3)), *(part.lattices for part in parts)]),
        np.concatenate([np.empty(0, np.uint8), *(part.numbers for part in parts)]),
        np.concatenate([np.empty((0, 3)), *(part.coordinates for part in parts)]),
        np.concatenate([np.empty(0, np.uint8), *(part.roles for part in parts)]),
    )


@lru_cache(maxsize=1)
def symbol_of() -> tuple[str, ...]:
    """Return the element symbol of every atomic number, from 1; an empty one for 0."""
    from pymatgen.core import Element

    return ("", *(Element.from_Z(number).symbol for number in range(1, 119)))
