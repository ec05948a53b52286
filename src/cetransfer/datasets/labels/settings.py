"""What a set of labels depends on, and the key that keeps different sets apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.elements import ELEMENTS_73
from cetransfer.datasets.labels import internal, network, nodes, references, scan
from cetransfer.errors import UserError

if TYPE_CHECKING:
    from cetransfer.structures.prototypes import Prototype

ANION = "O"
HEAVIEST = 94  # the last element that CHGNet was trained on
RECIPE = 1  # raise when the way of computing changes, so that old rows are not mixed with new ones

SCAN_RANGES: dict[str, tuple[float, float]] = {
    "perovskite": (3.0, 6.1),
    "spinel": (6.4, 13.0),
    "rocksalt": (3.2, 8.0),
    "fluorite": (3.8, 9.0),
    "rutile": (3.4, 8.0),
    "pyrochlore": (8.0, 15.0),
    "garnet": (9.5, 18.0),
    "k2nif4": (2.9, 6.1),
    "double_perovskite": (6.0, 12.2),
}
"""Sane conventional lattice constants in angstrom: over 73 x 73 oxides the minima lie between
3.25 and 5.5 (perovskite) and 6.8 and 12.2 (spinel). That of a tetragonal cell is the one at the
default c/a and the same volume."""

MODEL = "perovskite"
"""Prototypes of the user's own are scanned over the volumes per atom of this one."""

LARGEST_DEFAULT = 2
"""Cation sites up to which all pairs of the 73 elements are labelled unless told otherwise."""


@dataclass(frozen=True)
class LabelSettings:
    """One set of labels.

    Parameters
    ----------
    prototype
        With a key in `SCAN_RANGES`, or of the user's own.
    elements
        Elements on every cation site, sorted.
    """

    prototype: Prototype
    elements: tuple[str, ...]

    @classmethod
    def checked(cls, name: str, elements: tuple[str, ...] | None) -> LabelSettings:
        """Sort and check what the user gave; None stands for the 73 elements.

        Raises
        ------
        UserError
            On a prototype or an element that cannot be labelled, a repeated element, or no elements
            for a prototype with so many cation sites that nobody wants all combinations.
        """
        from pymatgen.core import Element

        from cetransfer.structures.prototypes import prototype_named

        prototype = prototype_named(name)
        cations = len(prototype.roles) - 1
        if not prototype.sha256 and name not in SCAN_RANGES:
            raise UserError(
                f"prototype {name} has no range of lattice constants to scan; "
                f"labels exist for: {', '.join(sorted(SCAN_RANGES))}"
            )
        if elements is None:
            if cations > LARGEST_DEFAULT:
                raise UserError(
                    f"prototype {name} has {cations} cation sites and so "
                    f"{len(ELEMENTS_73)}^{cations} compositions; choose elements, for example "
                    "elements=[Ca,Al,Si]"
                )
            elements = ELEMENTS_73
        if not elements:
            raise UserError("no elements to label; give at least one")
        for element in elements:
            if not Element.is_valid_symbol(element) or Element(element).Z > HEAVIEST:
                raise UserError(f"CHGNet knows no element {element!r}; take it out of the elements")
            if elements.count(element) > 1:
                raise UserError(f"element {element} is given more than once; keep it once")
        return cls(prototype, tuple(sorted(elements)))

    @property
    def reference_key(self) -> str:
        """Key of the elemental references."""
        return _digest({"elements": self.elements, **_method(references)})

    @property
    def key(self) -> str:
        """Key of the labels of the prototype."""
        method = {**_method(internal), "range": self.bounds}
        if "c_over_a" in dict(self.prototype.parameters):
            method["RATIO_STEP"] = nodes.RATIO_STEP
        what = {"prototype": self.prototype.identity, "elements": self.elements}
        return _digest({**what, **method, "references": self.reference_key})

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest lattice constant to scan, in angstrom."""
        if self.prototype.name in SCAN_RANGES:
            return SCAN_RANGES[self.prototype.name]
        from cetransfer.structures.prototypes import PROTOTYPES

        ratio = _size(PROTOTYPES[MODEL]) / _size(self.prototype)
        low, high = SCAN_RANGES[MODEL]
        return low * ratio, high * ratio


def _size(prototype: Prototype) -> float:
    """Cube root of the volume of an atom for a lattice constant of 1."""
    lattice, coordinates = prototype.cell()
    return float(np.cbrt(abs(np.linalg.det(lattice)) / len(coordinates)))


def _method(*modules: object) -> dict[str, object]:
    """Collect the numbers that the scans depend on and the versions behind the energies."""
    found: dict[str, object] = {
        "recipe": RECIPE,
        "chgnet": version("chgnet"),
        "weights": network.WEIGHTS,
    }
    for module in (scan, *modules):
        found |= {
            name: value
            for name, value in vars(module).items()
            if name.isupper() and isinstance(value, (int, float, tuple))
        }
    return found


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
