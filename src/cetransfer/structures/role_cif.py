"""A CIF whose site labels say which role each site has: read, checked, spread by symmetry."""

from __future__ import annotations

import math
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError
from cetransfer.structures.sites import SYMPREC

if TYPE_CHECKING:
    from pymatgen.core import Structure

ROLES = ("A", "B", "C", "X")
LABEL = re.compile(r"([ABCX])[\d_]*")
HOW = (
    "write the role of each site as its _atom_site_label, a letter and a number: A1, B1, C1 for "
    "cations, X1 for the anion"
)

ELEMENTS = {"A": "Li", "B": "Be", "C": "B", "X": "O"}
"""Stand for the roles while sites are placed; the elements of the file play no part."""

LARGEST_CELL = 200
MOST_LISTED = 4 * LARGEST_CELL
"""Sites of a primitive cell; sites listed, since a cell may be centred on its faces."""

LENGTHS = (1.0, 200.0)
ANGLES = (10.0, 170.0)
COORDINATES = (-100.0, 100.0)
"""Angstrom, degrees, cells: what is beyond is a slip of the pen."""

_NUMBERS = """
    48 50 59 68 70 85 86 88 125 126 129 130 133 134 137 138 141 142 201 203 222 224 227 228
"""
TWO_ORIGINS = frozenset(map(int, _NUMBERS.split()))
"""Space groups with two origin choices (International Tables for Crystallography A)."""

OPERATIONS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
NAMES = (
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_alt",
    "_space_group_IT_number",
    "_symmetry_Int_Tables_number",
)

DAMAGE = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError),
    *(RecursionError, RuntimeError),
)
"""What pymatgen raises on damaged CIF files, found by mutating valid ones."""


def read_role_cif(content: bytes) -> Structure:
    """Return the whole cell of a CIF with the site property ``role``.

    The elements of the structure stand for the roles. All copies of a site by symmetry have its
    role.

    Parameters
    ----------
    content
        The file, whose ``_atom_site_label`` are ``A1``, ``B1``, ``C1``, ``X1``, ``X2``, and so on.

    Raises
    ------
    UserError
        Saying which line, site or key is wrong and what would be right.
    """
    data = _block(_text(content))
    for angle, side in zip(("alpha", "beta", "gamma"), "abc", strict=True):
        _check(data, f"_cell_length_{side}", LENGTHS)
        _check(data, f"_cell_angle_{angle}", ANGLES)
    structure = _placed(data, _sites(data), _operations(data))
    role_of = {element: role for role, element in ELEMENTS.items()}
    structure.add_site_property("role", [role_of[site.specie.symbol] for site in structure])
    return structure


def too_large(what: str) -> UserError:
    """Return the error of a cell that is no prototype."""
    return UserError(f"it has {what}; a prototype has {LARGEST_CELL} at most, give a smaller cell")


def _text(content: bytes) -> str:
    if not content.strip():
        raise UserError("the file is empty; save it again")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"line {line} is no UTF-8 text; save the file with that encoding"
        ) from error


def _block(text: str) -> dict[str, Any]:
    """Return the one block that lists sites."""
    from pymatgen.io.cif import CifFile

    lists = len(re.findall(r"^\s*_atom_site_label\b", text, re.MULTILINE))
    if lists > 1:
        raise UserError(f"it holds {lists} lists of sites; keep one block with one crystal")
    try:
        with warnings.catch_warnings(action="ignore"):
            blocks = [block.data for block in CifFile.from_str(text).data.values()]
    except DAMAGE as error:
        raise UserError(
            "it is no readable CIF: a list is cut off or has a cell too many or too few; "
            "correct it or export it again"
        ) from error
    found: list[dict[str, Any]] = [data for data in blocks if data.get("_atom_site_label")]
    if not found:
        raise UserError(f"it lists no sites with an _atom_site_label; {HOW}")
    return found[0]


def _sites(data: dict[str, Any]) -> dict[str, list[str]]:
    """Return the columns of the list of sites, checked."""
    labels = data["_atom_site_label"]
    if isinstance(labels, str):
        labels = [labels]
    roles = [match.group(1) for match in map(LABEL.fullmatch, labels) if match]
    if len(roles) < len(labels) or not {"A", "X"} <= set(roles):
        shown = ", ".join(labels[:12]) + (", ..." if len(labels) > 12 else "")  # noqa: PLR2004
        wrong = "lack A or X" if len(roles) == len(labels) else "are not all roles"
        raise UserError(f"its site labels ({shown}) {wrong}; {HOW}")
    if "C" in roles and "B" not in roles:
        raise UserError("it has a site C but no B; call the second cation B")
    if len(labels) > MOST_LISTED:
        raise too_large(f"{len(labels)} sites listed")
    columns = {
        "_atom_site_label": labels,
        "_atom_site_type_symbol": [ELEMENTS[role] for role in roles],
    }
    for key in (f"_atom_site_fract_{axis}" for axis in "xyz"):
        for row, label in enumerate(labels):
            _check(data, key, COORDINATES, row, label)
        columns[key] = data[key]
    occupancies = data.get("_atom_site_occupancy", ["1"] * len(labels))
    for label, given in zip(labels, occupancies, strict=False):
        if given not in {".", "?"} and _float(given) != 1:
            raise UserError(
                f"site {label} has the occupancy {given}; a prototype has full sites only, "
                "write 1 or leave the site out"
            )
    return columns


def _operations(data: dict[str, Any]) -> list[str]:
    """Return the symmetry operations: those listed, or those of the space group that is named."""
    from pymatgen.core import SymmOp
    from pymatgen.symmetry.groups import SpaceGroup

    for key in OPERATIONS:
        if data.get(key):
            listed = [data[key]] if isinstance(data[key], str) else list(data[key])
            for one in listed:
                try:
                    volume = abs(np.linalg.det(SymmOp.from_xyz_str(one).rotation_matrix))
                except DAMAGE:
                    volume = 0.0
                if not math.isclose(volume, 1.0):
                    raise UserError(f"{key}: {one!r} is no operation; write 'x, -y, z+1/2'")
            return listed
    name = next((str(data[key]) for key in NAMES if data.get(key)), "")
    try:
        group = SpaceGroup.from_int_number(int(name)) if name.isdecimal() else SpaceGroup(name)
    except DAMAGE as error:
        raise UserError(
            f"it names {f'no known space group ({name})' if name else 'no space group'}; give "
            f"{NAMES[0]}, for example 'R -3' ('P 1' if all sites are listed), or the operations "
            f"in {OPERATIONS[0]}"
        ) from error
    if group.int_number in TWO_ORIGINS and ":" not in name:
        raise UserError(
            f"space group {group.symbol} has two origin choices; name one in {NAMES[0]}, for "
            f"example '{group.symbol} :2', or give the operations in {OPERATIONS[0]}"
        )
    return [operation.as_xyz_str() for operation in group.symmetry_ops]


def _placed(
    data: dict[str, Any], columns: dict[str, list[str]], operations: list[str]
) -> Structure:
    """Spread the sites by symmetry, and check that the crystal has that symmetry."""
    from pymatgen.io.cif import CifBlock, CifParser

    cell = {key: value for key, value in data.items() if key.startswith("_cell_")}
    block = CifBlock(
        {**cell, OPERATIONS[0]: operations, **columns}, [[OPERATIONS[0]], [*columns]], "prototype"
    )
    with warnings.catch_warnings(action="ignore"):
        try:
            parser = CifParser.from_str(str(block))
            structure: Structure = parser.parse_structures(primitive=False, on_error="raise")[0]
        except DAMAGE as error:
            reason = str(error).splitlines()[-1] if str(error) else type(error).__name__
            if "Occupancy" in reason:
                reason = "two of them are in one place"
            raise UserError(f"its sites cannot be placed: {reason}; correct them") from error
    found, wanted = _n_operations(structure), len(parser.symmetry_operations)
    if found % wanted:
        raise UserError(
            f"its sites have {found} symmetry operations, which does not fit the {wanted} it "
            "names; check the setting of the space group, the cell and the coordinates"
        )
    return structure


def _n_operations(structure: Structure) -> int:
    import spglib

    kinds = [site.specie.Z for site in structure]
    cell = (structure.lattice.matrix, structure.frac_coords, kinds)
    found = spglib.get_symmetry_dataset(cell, symprec=SYMPREC)
    if found is None:
        raise UserError("its symmetry cannot be worked out; check for sites too close together")
    return len(found.rotations)


def _check(
    data: dict[str, Any],
    key: str,
    allowed: tuple[float, float],
    row: int | None = None,
    site: str = "",
) -> None:
    """Refuse a value that is missing, no number or out of range."""
    where = f"site {site}: {key}" if site else key
    if key not in data or (row is not None and row >= len(data[key])):
        raise UserError(f"{where} is missing; give a number")
    text = data[key] if row is None else data[key][row]
    if not allowed[0] <= _float(text) <= allowed[1]:
        raise UserError(f"{where} is {text!r}; give a number from {allowed[0]:g} to {allowed[1]:g}")


def _float(text: str) -> float:
    """Return a number of a CIF without its uncertainty in brackets; NaN where there is none."""
    try:
        return float(str(text).partition("(")[0])
    except ValueError:
        return math.nan
