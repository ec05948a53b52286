"""The ten named Center-Environment variants: which terms are summed, which stand side by side.

Li et al., npj Comput. Mater. 9:106 (2023), doi 10.1038/s41524-023-01068-7. C is the property
vector of a site's own element, E the weighted mean over its neighbours. Every variant is a
sequence of blocks, each block a sum of terms (role, C or E); the feature vector is the blocks side
by side, so its width is the number of blocks times the number of properties.

The paper has two kinds of cation sites. Where there is a third, C (B' of a double perovskite, the
tetrahedral site of garnet), its sites count as centres of role B: the vector of B is the mean over
the sites of both. So every element is seen whatever the number of shells, and the width is that of
the prototypes with two, which a transfer between them needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = ("C", "E")

CENTRES = {"A": ("A",), "B": ("B", "C"), "X": ("X",)}
"""Roles of the sites that are the centres of a variant's role."""


@dataclass(frozen=True)
class Block:
    """A sum of terms: the centre and/or the environment of one or several roles."""

    label: str
    roles: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """A named sequence of blocks."""

    name: str
    blocks: tuple[Block, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles whose sites are centres."""
        return tuple(dict.fromkeys(role for block in self.blocks for role in block.roles))

    def combination(self) -> NDArray[np.float64]:
        """Return the 0/1 array (n_blocks, n_roles, 2) that sums terms (role, C/E) into blocks."""
        matrix = np.zeros((len(self.blocks), len(self.roles), len(PARTS)))
        for row, block in enumerate(self.blocks):
            for role in block.roles:
                for part in block.parts:
                    matrix[row, self.roles.index(role), PARTS.index(part)] = 1
        return matrix

    def columns(self, properties: tuple[str, ...]) -> tuple[str, ...]:
        """Return the column names ``block:property``."""
        return tuple(f"{block.label}:{name}" for block in self.blocks for name in properties)


def _summed(roles: str) -> Block:
    """C + E, added over the roles."""
    return Block(roles, tuple(roles), PARTS)


def _apart(roles: str) -> tuple[Block, Block]:
    """C and E side by side, each added over the roles."""
    return Block(f"C_{roles}", tuple(roles), ("C",)), Block(f"E_{roles}", tuple(roles), ("E",))


VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("a", (_summed("A"),)),
        Variant("b", (_summed("B"),)),
        Variant("ab", (_summed("AB"),)),
        Variant("ab_ab", (_summed("A"), _summed("B"))),
        Variant("ab_ce", _apart("AB")),
        Variant("a_ce", _apart("A")),
        Variant("b_ce", _apart("B")),
        Variant("ab_cece", (*_apart("A"), *_apart("B"))),
        Variant("abx_abx", (_summed("A"), _summed("B"), _summed("X"))),
        Variant("abx_cecece", (*_apart("A"), *_apart("B"), *_apart("X"))),
    )
}


def variant_named(name: str) -> Variant:
    """Return an entry of `VARIANTS`.

    Raises
    ------
    UserError
        If there is none of that name; the message lists the allowed names.
    """
    if name not in VARIANTS:
        hint = nearest(name, VARIANTS, f"allowed: {', '.join(VARIANTS)}")
        raise UserError(f"features.variant={name} is unknown; {hint}")
    return VARIANTS[name]
