"""One structure from the content of a file or cell: CIF, POSCAR or pymatgen's JSON."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.errors import UserError
from cetransfer.files import utf8_text
from cetransfer.structures.packed import ROLES

if TYPE_CHECKING:
    from pymatgen.core import Structure

MOST_BYTES = 10_000_000
MOST_SITES = 2000
"""A cell of more sites is no unit cell, and its neighbour table would not fit into memory."""

SHORTEST_CONTACT = 0.5
"""Angstrom: sites nearer than this are one site written twice, or the lattice is wrong."""

LATTICE_HEIGHTS = (1.0, 200.0)
"""Angstrom between opposite faces of the cell: no crystal is thinner."""

FARTHEST = 1000.0
"""Cells: no site is written so far away from its own."""

VOLUME_PER_SITE = (2.0, 1000.0)
"""Cubic angstrom; from diamond under pressure to less than any gas at hand."""

ISOTOPES = {"D": "deuterium", "T": "tritium"}

KINDS = {".cif": "CIF", ".vasp": "POSCAR", ".poscar": "POSCAR", ".json": "JSON"}

# what pymatgen's readers raise on damaged text, found by mutating valid files
DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError),
    *(TypeError, ValueError, Warning),
)


def read_structure(content: bytes, ending: str = "") -> Structure:
    """Read a structure; oxidation states are left out, a site property ``role`` is kept.

    Parameters
    ----------
    content
        The bytes of a CIF, a POSCAR or a pymatgen Structure as JSON.
    ending
        Of the file's name, for example ``".cif"``; where it says nothing, the content decides.

    Returns
    -------
    Structure
        Fully occupied sites of one element each, none coinciding.

    Raises
    ------
    UserError
        Saying in a few words what is wrong and what would be right, without the file's name.
    """
    if not content.strip():
        raise UserError("it is empty (0 bytes of text); save it again")
    for start, kind in ((b"PK\x03\x04", "zip"), (b"\x1f\x8b", "gzip")):
        if content.startswith(start):
            raise UserError(f"it is a {kind} file; unpack it")
    if len(content) > MOST_BYTES:
        raise UserError(f"it has {len(content)} bytes; give one structure per file")
    text = utf8_text(content, "it")
    kind = KINDS.get(ending.lower()) or _kind(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = {"CIF": _from_cif, "POSCAR": _from_poscar, "JSON": _from_json}[kind]
            return _checked(read(text))
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UserError(f"it is no readable {kind} ({reason}); save it again") from error


def _kind(text: str) -> str:
    """Tell CIF, POSCAR and JSON apart by their content."""
    if text.lstrip().startswith(("{", "[")):
        return "JSON"
    return "CIF" if re.search(r"(?mi)^\s*(data_|loop_|_cell_|_atom_site)", text) else "POSCAR"


def _from_cif(text: str) -> Structure:
    """Read the only structure of a CIF, refusing what pymatgen would guess."""
    from pymatgen.io.cif import CifParser

    parser = CifParser.from_str(text, check_cif=False)
    found = parser.parse_structures(primitive=False, on_error="ignore")
    if len(found) != 1:
        raise UserError(f"it holds {len(found)} structures; give one structure per file")
    blocks = list(parser.as_dict().values())
    for block in blocks:
        _refuse_guesses(block)
    if any("implicit hydrogens" in warning for warning in parser.warnings):
        raise UserError("it leaves hydrogen atoms out; add their sites")
    if any("Defaulting to P1" in warning for warning in parser.warnings) and any(
        re.search("(?i)space_group|Int_Tables", key) for block in blocks for key in block
    ):
        raise UserError(
            "its space group cannot be read; write its operations "
            "(_space_group_symop_operation_xyz)"
        )
    structure: Structure = found[0]
    # a site lost or left out: what the file itself says it holds is not there
    stated = blocks[0].get("_chemical_formula_sum") not in (None, "", "?", ".")
    reason = parser.check(structure) if stated and structure.is_ordered else None
    if reason:
        raise UserError(f"its sites do not give its own formula ({' '.join(reason.split())[:120]})")
    return structure


def _refuse_guesses(block: dict[str, Any]) -> None:
    """Refuse symbols that pymatgen would read as their first letter: ``Ka`` is no potassium.

    Where there are labels only, an element may be followed by capitals, as in ``OW1``.
    """
    from pymatgen.core import Element

    symbols = block.get("_atom_site_type_symbol")
    pattern = r"[A-Za-z]+"
    if symbols is None:
        symbols, pattern = block.get("_atom_site_label", []), r"[A-Z](?:[A-Z]*$|[A-Z]+\d|[a-z]+|)"
    for symbol in [symbols] if isinstance(symbols, str) else symbols:
        letters = re.match(pattern, symbol)
        known = letters and (
            Element.is_valid_symbol(letters[0].title()) or letters[0][1:2].isupper()
        )
        if letters and letters[0] in ISOTOPES:
            raise UserError(f"{letters[0]} is {ISOTOPES[letters[0]]}, an isotope; write H")
        if not known:
            raise UserError(f"its site {symbol!r} is no element; write element symbols")


def _from_poscar(text: str) -> Structure:
    """Read a POSCAR that names its elements."""
    from pymatgen.io.vasp.inputs import BadPoscarWarning, Poscar

    lines = text.splitlines()
    if len(lines) < 8:  # noqa: PLR2004 - comment, scale, lattice, names, numbers, mode, a site
        raise UserError("it is no CIF, POSCAR or pymatgen JSON; give one of them")
    # pymatgen makes its lists of that length before it looks for so many sites
    counts = [word for line in lines[5:30] for word in line.split() if "." not in word]
    if any(re.fullmatch(r"[+]?[\d_]{5,}", word) for word in counts):
        raise UserError(f"it has more than {MOST_SITES} sites, or is no POSCAR")
    warnings.simplefilter("error", BadPoscarWarning)
    structure: Structure = Poscar.from_str(text, read_velocities=False).structure
    return structure


def _from_json(text: str) -> Structure:
    """Read the dictionary of a pymatgen Structure by hand: no class that it names is ever made."""
    from pymatgen.core import Structure

    try:
        document: Any = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(document, dict) or document.get("@class", "Structure") != "Structure":
        raise UserError("it is no pymatgen Structure; write json.dumps(structure.as_dict())")
    species, coordinates, roles = [], [], []
    for site in document["sites"]:
        species.append(
            {_symbol(one["element"]): float(one.get("occu", 1)) for one in site["species"]}
        )
        coordinates.append([float(value) for value in site["abc"]])
        roles.append((site.get("properties") or {}).get("role"))
    if len(species) > MOST_SITES:
        raise UserError(f"it has {len(species)} sites; at most {MOST_SITES} can be used")
    structure = Structure(np.array(document["lattice"]["matrix"], float), species, coordinates)
    if any(role is not None for role in roles):
        strange = [role for role in roles if role not in ROLES]
        if strange:
            raise UserError(
                f"a site has the role {strange[0]!r}; allowed on every site: {', '.join(ROLES)}"
            )
        structure.add_site_property("role", roles)
    return structure


def _symbol(name: object) -> str:
    from pymatgen.core import Element

    if not isinstance(name, str) or not Element.is_valid_symbol(name):
        raise UserError(f"{name!r} is no element")
    return name


def _checked(structure: Structure) -> Structure:
    """Return the structure without oxidation states, or say why it has no environments."""
    from pymatgen.core import Element, Structure

    if not 0 < len(structure) <= MOST_SITES:
        raise UserError(f"it has {len(structure)} sites; 1 to {MOST_SITES} can be used")
    symbols = []
    for site in structure:
        if len(site.species) != 1 or not 0.99 < site.species.num_atoms < 1.01:  # noqa: PLR2004
            raise UserError(
                f"a site holds {site.species_string}; only fully occupied sites of one element "
                "can be described"
            )
        symbol = site.specie.symbol
        if symbol in ISOTOPES:
            raise UserError(f"{symbol} is {ISOTOPES[symbol]}, an isotope; write H")
        if not Element.is_valid_symbol(symbol):
            raise UserError(f"{symbol!r} is no element; write element symbols")
        symbols.append(symbol)
    # not within: NaN is no number either; far away, the neighbour search would need every image
    if not (np.abs(structure.frac_coords) < FARTHEST).all() or not structure.volume > 0:
        raise UserError(
            "a coordinate is no number, or far outside of the cell, or the cell has no volume"
        )
    heights = 1 / np.linalg.norm(structure.lattice.inv_matrix, axis=0)
    low, high = LATTICE_HEIGHTS
    if not (low <= heights.min() and heights.max() <= high):
        raise UserError(
            f"its cell is {heights.min():.4g} to {heights.max():.4g} angstrom thick; {low:g} to "
            f"{high:g} are possible"
        )
    volume = structure.volume / len(structure)
    low, high = VOLUME_PER_SITE
    if not low <= volume <= high:
        raise UserError(
            f"it has {volume:.4g} cubic angstrom per site; {low:g} to {high:g} are possible"
        )
    bare = Structure(
        structure.lattice,
        symbols,
        structure.frac_coords,
        to_unit_cell=True,
        site_properties={
            key: values for key, values in structure.site_properties.items() if key == "role"
        },
    )
    first, second, _, distance = bare.get_neighbor_list(SHORTEST_CONTACT, exclude_self=True)
    if len(distance):
        raise UserError(
            f"sites {first[0] + 1} and {second[0] + 1} are {distance[0]:.3g} angstrom apart; "
            "remove double sites or correct the lattice"
        )
    return bare
