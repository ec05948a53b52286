"""Build the open property table from pymatgen and mendeleev, every imputed value listed.

Run as ``python -m cetransfer.features.build_open_table [folder]``; needs the package mendeleev.
Writes ``open.csv`` (the table), ``open_columns.csv`` (unit and source of each column) and
``open_imputed.csv`` (each value that no source gives, and how it was filled).
"""

from __future__ import annotations

import csv
import math
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cetransfer.files import write_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LAST = 94
"""Plutonium."""

NOBLE = (0, 2, 10, 18, 36, 54, 86)
CAPACITY = {"s": 2, "p": 6, "d": 10, "f": 14}
WHOLE_TABLE = 32
"""Columns of the periodic table with the f block in line."""

FAMILIES = (
    "alkali", "alkaline", "transition_metal", "post_transition_metal", "metalloid", "chalcogen",
    "halogen", "noble_gas", "lanthanoid", "actinoid",
)  # fmt: skip


class Column(NamedTuple):
    """A property: `read` gets the pymatgen and the mendeleev element and returns a number."""

    name: str
    unit: str
    source: str
    read: Callable[[Any, Any], Any]


def _valence(element: Any, orbital: str) -> int:  # noqa: ANN401
    """Count electrons of one orbital type outside the noble gas core."""
    core = element.electronic_structure.rpartition("]")[2]
    shells = (term for term in core.split(".") if term)
    return sum(int(term[2:]) for term in shells if term[1] == orbital)


def _unfilled(element: Any, orbital: str) -> int:  # noqa: ANN401
    """Count holes in an orbital type that holds at least one valence electron."""
    filled = _valence(element, orbital)
    return CAPACITY[orbital] - filled if filled else 0


def _in_block(element: Any, block: str) -> bool:  # noqa: ANN401
    return bool(element.block == block)


def _ionization_energy(element: Any, number: int) -> float | None:  # noqa: ANN401
    """Return the energy to remove the n-th electron; hydrogen has one."""
    energies = element.ionization_energies
    return energies[number - 1] if number <= len(energies) else None


def _of_pymatgen(name: str, attribute: str, unit: str, source: str) -> Column:
    return Column(name, unit, f"pymatgen Element.{attribute} ({source})",
                  lambda pmg, _: getattr(pmg, attribute))  # fmt: skip


def _of_mendeleev(name: str, unit: str, source: str) -> Column:
    return Column(name, unit, f"mendeleev {name} ({source})", lambda _, mdl: getattr(mdl, name))


def _counted(read: Callable[[Any, Any], Any], what: str | int) -> Callable[[Any, Any], Any]:
    """Fix the second argument of a reader of the pymatgen element."""
    return lambda pmg, _: read(pmg, what)


def _mean(numbers: Iterable[float]) -> float:
    values = list(numbers)
    return sum(values) / len(values) if values else math.nan


def columns() -> list[Column]:
    """Return the properties in table order."""
    wiki, nist = "Wikipedia tables", "NIST Atomic Spectra Database"
    return [
        Column("atomic_number", "1", "definition", lambda pmg, _: pmg.Z),
        _of_pymatgen("atomic_mass", "atomic_mass", "u", "IUPAC"),
        _of_pymatgen("group", "group", "1", "IUPAC; 3 for the f block"),
        _of_pymatgen("period", "row", "1", "IUPAC; 6 and 7 for the f block"),
        _of_pymatgen("mendeleev_number", "mendeleev_no", "1", "Villars et al. 2004"),
        _of_mendeleev("pettifor_number", "1", "Pettifor, Solid State Commun. 51, 31 (1984)"),
        _of_mendeleev("glawe_number", "1", "Glawe et al., New J. Phys. 18, 093011 (2016)"),
        _of_pymatgen("en_pauling", "X", "1", wiki),
        _of_mendeleev("en_ghosh", "1", "Ghosh, J. Theor. Comput. Chem. 4, 21 (2005)"),
        Column("en_allred_rochow", "e2/pm2", "mendeleev electronegativity('allred-rochow')",
               lambda _, mdl: mdl.electronegativity("allred-rochow")),
        Column("zeff_slater", "e", "mendeleev zeff(method='slater'): Slater's rules",
               lambda _, mdl: mdl.zeff(method="slater")),
        _of_pymatgen("atomic_radius", "atomic_radius", "angstrom",
                     "Slater, J. Chem. Phys. 41, 3199 (1964)"),
        _of_mendeleev("atomic_radius_rahm", "pm", "Rahm et al., Chem. Eur. J. 22, 14625 (2016)"),
        _of_mendeleev("covalent_radius_cordero", "pm", "Cordero et al., Dalton Trans. 2832 (2008)"),
        _of_mendeleev("covalent_radius_pyykko", "pm",
                      "Pyykko, Atsumi, Chem. Eur. J. 15, 186 (2009)"),
        _of_mendeleev("vdw_radius_alvarez", "pm", "Alvarez, Dalton Trans. 42, 8617 (2013)"),
        _of_mendeleev("vdw_radius_uff", "pm", "Rappe et al., JACS 114, 10024 (1992)"),
        _of_pymatgen("average_ionic_radius", "average_ionic_radius", "angstrom",
                     "mean over oxidation states"),
        _of_pymatgen("average_cationic_radius", "average_cationic_radius", "angstrom",
                     "mean over positive oxidation states"),
        _of_pymatgen("melting_point", "melting_point", "K", wiki),
        _of_pymatgen("boiling_point", "boiling_point", "K", wiki),
        _of_mendeleev("evaporation_heat", "kJ/mol", "CRC Handbook"),
        _of_mendeleev("heat_of_formation", "kJ/mol", "gaseous atom at 298 K, CRC Handbook"),
        _of_mendeleev("molar_heat_capacity", "J/mol/K", "CRC Handbook"),
        _of_mendeleev("density", "g/cm3", "CRC Handbook, at 295 K"),
        _of_pymatgen("molar_volume", "molar_volume", "cm3/mol", wiki),
        _of_pymatgen("thermal_conductivity", "thermal_conductivity", "W/m/K", wiki),
        _of_mendeleev("dipole_polarizability", "bohr3",
                      "Schwerdtfeger, Nagle, Mol. Phys. 117, 1200 (2019)"),
        _of_pymatgen("electron_affinity", "electron_affinity", "eV", wiki),
        *(Column(f"ionization_energy_{n}", "eV", f"pymatgen Element.ionization_energies ({nist})",
                 _counted(_ionization_energy, n)) for n in (1, 2, 3)),
        *(Column(f"valence_{orbital}", "1",
                 "pymatgen Element.electronic_structure, outside the noble gas core",
                 _counted(_valence, orbital)) for orbital in CAPACITY),
        Column("valence", "1", "sum of valence_s to valence_f",
               lambda pmg, _: sum(_valence(pmg, orbital) for orbital in CAPACITY)),
        *(Column(f"unfilled_{orbital}", "1", f"holes in the {orbital} orbitals of the valence",
                 _counted(_unfilled, orbital)) for orbital in CAPACITY),
        _of_pymatgen("max_oxidation_state", "max_oxidation_state", "e", wiki),
        _of_pymatgen("min_oxidation_state", "min_oxidation_state", "e", wiki),
        Column("mean_common_oxidation_state", "e", "pymatgen Element.common_oxidation_states",
               lambda pmg, _: _mean(pmg.common_oxidation_states)),
        *(Column(f"block_{block}", "0 or 1", "pymatgen Element.block",
                 _counted(_in_block, block)) for block in CAPACITY),
        *(_of_pymatgen(f"is_{family}", f"is_{family}", "0 or 1", "1 if it is")
          for family in FAMILIES),
    ]  # fmt: skip


def place(number: int) -> tuple[int, int]:
    """Return row (from 1) and column (0 to 31) of an element in the 32-column periodic table.

    Helium stands above neon.
    """
    row = next(i for i, end in enumerate((*NOBLE[1:], 118), 1) if number <= end)
    from_right = (*NOBLE, 118)[row] - number
    s_block = number - NOBLE[row - 1]
    left = s_block <= CAPACITY["s"] and from_right > 0
    return row, s_block - 1 if left else WHOLE_TABLE - 1 - from_right


def impute(known: dict[int, float], number: int) -> tuple[float, str]:
    """Fill a missing value from neighbours in the 32-column periodic table.

    Within the f block: the mean of the nearest known f element on either side in the row, since
    properties change little along it. Else: the mean of the nearest known elements above and below
    in the column. Failing both: of the nearest known by atomic number on either side.

    Parameters
    ----------
    known
        Value by atomic number.
    number
        Atomic number of the element to fill.

    Returns
    -------
    tuple
        Value, and in words where it comes from.
    """
    row, column = place(number)
    f_block = CAPACITY["s"] <= column < CAPACITY["s"] + CAPACITY["f"]
    in_row = [z for z in known if f_block and place(z)[0] == row
              and CAPACITY["s"] <= place(z)[1] < CAPACITY["s"] + CAPACITY["f"]]  # fmt: skip
    in_column = [z for z in known if place(z)[1] == column]
    for method, candidates in (
        ("nearest in f block", in_row),
        ("nearest in group", in_column),
        ("nearest atomic numbers", list(known)),
    ):
        below = [z for z in candidates if z < number]
        above = [z for z in candidates if z > number]
        used = [*([max(below)] if below else []), *([min(above)] if above else [])]
        if used:
            return _mean(known[z] for z in used), f"mean of {method}: Z = {used}"
    raise ValueError(f"nothing known to fill Z = {number} from")


def build(folder: Path) -> None:
    """Write the three files of the open table into a folder."""
    import mendeleev
    from pymatgen.core import Element

    warnings.simplefilter("ignore")  # pymatgen warns for every value it does not have
    pairs = {z: (Element.from_Z(z), mendeleev.element(z)) for z in range(1, LAST + 1)}
    table = {z: [pmg.symbol] for z, (pmg, _) in pairs.items()}
    imputed, described = [], columns()
    for column in described:
        found = {z: column.read(*pair) for z, pair in pairs.items()}
        known = {z: float(v) for z, v in found.items() if v is not None and math.isfinite(v)}
        if column.name.endswith("radius"):
            known = {z: value for z, value in known.items() if value > 0}
        for z in pairs:
            value, method = (known[z], "") if z in known else impute(known, z)
            table[z].append(f"{value:.10g}")
            if method:
                imputed.append((table[z][0], column.name, f"{value:.10g}", method))
    names = [column.name for column in described]
    _write(folder / "open.csv", ["element", *names], table.values())
    _write(folder / "open_imputed.csv", ["element", "column", "value", "method"], imputed)
    _write(folder / "open_columns.csv", ["column", "unit", "source"], (c[:3] for c in described))


def _write(path: Path, header: list[str], rows: Iterable[Iterable[str]]) -> None:
    with write_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
