"""One radius for each element, the same on every site and whatever its charge."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.dataset import ELEMENTS
from cetransfer.datasets.table_files import read_user_table
from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.screening.charges import states_of_a
from cetransfer.screening.radii import SiteRadii, refuse_missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cetransfer.screening.sites import Sites

SHIPPED = "radii_li2023.csv"

OXYGEN = 1.382
"""Angstrom: of oxygen in Li et al. (2023), where a table does not say another one."""

LARGEST = 4.0
"""Angstrom: no ion is larger; a radius in picometres is."""


@dataclass(frozen=True)
class ElementRadii:
    """A table of radii, angstrom.

    Parameters
    ----------
    name
        What the reader knows it by.
    table
        Radius by element.
    rule
        Of the charges, for the oxidation state of A.
    hashes
        SHA-256 of the file.
    mark
        Whether a missing radius marks the row, in place of an error.
    """

    name: str
    table: Mapping[str, float]
    rule: str
    hashes: dict[str, str]
    mark: bool

    @property
    def words(self) -> str:
        """One line for the reader."""
        return f"{self.name}: one radius per element, r_O = {self.table['O']:g} angstrom"

    def of_ways(self, ways: tuple[tuple[str, ...], ...]) -> NDArray[np.float64]:
        """Return the mean radius (n,) of each way to fill a site, NaN where one is missing."""
        means = [np.mean([self.table.get(each, np.nan) for each in way]) for way in ways]
        return np.array(means, np.float64)

    def of_sites(self, sites: Sites) -> SiteRadii:
        """Return the radii of compounds, see `cetransfer.screening.radii.Radii`."""
        r_a, r_b = (self.of_ways(filled.ways)[filled.code] for filled in sites.cations.values())
        r_x = np.array([self.table.get(each, np.nan) for each in sites.anion], np.float64)
        problem = np.full(len(sites), "", dtype=object)
        for filled in sites.cations.values():
            lacking = [[each for each in way if each not in self.table] for way in filled.ways]
            reasons = [
                f"{self.name} has no radius for {each[0]}" if each else "" for each in lacking
            ]
            found = np.array(reasons, dtype=object)[filled.code]
            problem = np.where(problem == "", found, problem)
        no_anion = np.isnan(r_x) & (problem == "")
        problem[no_anion] = [f"{self.name} has no radius for {x}" for x in sites.anion[no_anion]]
        remedy = "leave the element out with space.elements=[...], or take another table, radii=..."
        refuse_missing(problem, remedy, mark=self.mark)
        n_a = states_of_a(sites, self.rule)
        assumption = np.full(len(sites), self.name, dtype=object)
        return SiteRadii(r_a, r_b, r_x, n_a, assumption, problem)


def shipped_radii(rule: str, *, mark: bool) -> ElementRadii:
    """Return the radii behind t and mu of Li et al. (2023), doi 10.1038/s41524-023-01068-7.

    Worked out from the released factors of 5329 compounds; r_O = 1.382 angstrom. Most are means of
    Shannon's radii over all coordinations of one oxidation state.
    """
    path = Path(str(files("cetransfer") / "screening" / "data" / SHIPPED))
    return ElementRadii("li2023", read_radii(path), rule, {}, mark)


def own_radii(path: Path, rule: str, *, mark: bool) -> ElementRadii:
    """Return the radii of the user's own table, see `read_radii`."""
    return ElementRadii(path.name, read_radii(path), rule, {str(path): sha256(path)}, mark)


def read_radii(path: Path) -> dict[str, float]:
    """Read a table with the column ``element`` and one whose name begins with ``radius``.

    Where it has no oxygen, that has the radius `OXYGEN`.

    Raises
    ------
    UserError
        If the file cannot be read, lacks a column, or naming a row that is no radius in angstrom.
    """
    table = read_user_table(path)
    named = [str(name) for name in table.columns if str(name).lower().startswith("radius")]
    if "element" not in table or not named:
        raise UserError(
            f"{path} is no table of radii; it needs the columns element and radius (angstrom), it "
            f"has {', '.join(map(str, table.columns[:12]))}"
        )
    found: dict[str, float] = {}
    for row, element, value in zip(table.index, table["element"], table[named[0]], strict=True):
        try:
            radius = float(value)
        except (TypeError, ValueError):
            radius = float("nan")
        if element not in ELEMENTS:
            raise UserError(f"{path}: row {row}: {element!r} is no element symbol; correct it")
        if element in found:
            raise UserError(f"{path}: row {row}: {element} occurs twice; keep one")
        if not 0 < radius < LARGEST:
            raise UserError(
                f"{path}: row {row} ({element}): {value!r} is no radius in angstrom; give a number "
                f"between 0 and {LARGEST:g}"
            )
        found[str(element)] = radius
    return {"O": OXYGEN, **found}
