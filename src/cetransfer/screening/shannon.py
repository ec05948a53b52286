"""Shannon's radii, by oxidation state, coordination and spin.

Shannon, Acta Cryst. A 32:751 (1976), doi 10.1107/S0567739476001551, as pymatgen has them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError, nearest
from cetransfer.screening.charges import anion_state, balances
from cetransfer.screening.radii import SiteRadii, refuse_missing

if TYPE_CHECKING:
    from cetransfer.screening.charges import Charge
    from cetransfer.screening.sites import Compound, Sites
    from cetransfer.settings_screening import ShannonSettings

NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV")

SPINS = {"high": "High Spin", "low": "Low Spin"}

ANION_COORDINATION = "VI"

UNBALANCED = "no charges balance"


@dataclass(frozen=True)
class Ion:
    """A radius in angstrom and what it was taken for: ``"Ti4+ VI 0.605"``."""

    radius: float
    words: str


@lru_cache(maxsize=4096)
def ion_radius(element: str, state: int, coordination: str, spin: str) -> Ion | None:
    """Return Shannon's ionic radius; None if he has none for the ion.

    Parameters
    ----------
    element, state
        The ion.
    coordination
        A Roman numeral. Where there is no radius for it, that of the nearest coordination is taken,
        the greater of two, and the words say so.
    spin
        ``"high"`` or ``"low"``, where it makes a difference.
    """
    from pymatgen.core import Element, Species

    listed = Element(element).data.get("Shannon radii")
    known = listed.get(str(state), {}) if isinstance(listed, dict) else {}
    numbers = sorted(NUMERALS.index(each) + 1 for each in known if each in NUMERALS)
    if not numbers:
        return None
    wanted = NUMERALS.index(coordination) + 1
    nearest_number = min(numbers, key=lambda number: (abs(number - wanted), -number))
    taken = NUMERALS[nearest_number - 1]
    spins = known[taken]
    chosen = SPINS[spin] if SPINS[spin] in spins else next(iter(spins))
    with warnings.catch_warnings():
        # of a spin for an ion that has one only
        warnings.simplefilter("ignore")
        radius = float(Species(element, state).get_shannon_radius(taken, chosen))
    ion = f"{element}{abs(state)}{'+' if state > 0 else '-'}"
    fallback = "" if taken == coordination else f" (no {coordination})"
    word = f" {chosen.lower()}" if chosen else ""
    return Ion(radius, f"{ion} {taken}{fallback}{word} {radius:g}")


@dataclass(frozen=True)
class ShannonRadii:
    """Shannon's radii for the most frequent oxidation states that balance and have radii.

    Parameters
    ----------
    coordination
        Of each site, Roman numerals.
    spin
        ``"high"`` or ``"low"``.
    rule
        Of the charges, see `cetransfer.screening.charges`.
    mark
        Whether an ion without a radius marks the row, in place of an error.
    """

    coordination: dict[str, str]
    spin: str
    rule: str
    mark: bool

    @classmethod
    def configured(cls, settings: ShannonSettings, rule: str, *, mark: bool) -> ShannonRadii:
        """Return the radii that the keys below `shannon` ask for.

        Raises
        ------
        UserError
            For an unknown coordination or spin.
        """
        coordination = {"A": settings.coordination_a, "B": settings.coordination_b}
        for site, numeral in coordination.items():
            if numeral not in NUMERALS:
                raise UserError(
                    f"shannon.coordination_{site.lower()}={numeral} is no coordination; give a "
                    "Roman numeral, such as XII or VI"
                )
        if settings.spin not in SPINS:
            hint = nearest(settings.spin, SPINS, "choose high or low")
            raise UserError(f"shannon.spin={settings.spin} is unknown; {hint}")
        return cls(coordination, settings.spin, rule, mark)

    @property
    def words(self) -> str:
        """One line for the reader."""
        sites = ", ".join(f"{site} {numeral}" for site, numeral in self.coordination.items())
        return f"Shannon by oxidation state ({self.rule}), {sites}, {self.spin} spin"

    @property
    def hashes(self) -> dict[str, str]:
        """Return nothing: they come with pymatgen."""
        return {}

    def of_sites(self, sites: Sites) -> SiteRadii:
        """Return the radii of compounds, see `cetransfer.screening.radii.Radii`.

        Where no charges balance, the row is marked always: there is no ion to have a radius.
        """
        compounds, number = sites.compounds()
        found = [self._compound(compound, sites) for compound in compounds]
        problem = np.array([one[1] for one in found], dtype=object)
        remedy = "leave the element out with space.elements=[...], or give radii=li2023"
        refuse_missing(np.where(problem == UNBALANCED, "", problem), remedy, mark=self.mark)
        r_a, r_b, r_x, n_a = np.array([one[0] for one in found], np.float64).T
        words = np.array([one[2] for one in found], dtype=object)
        rows = (each[number] for each in (r_a, r_b, r_x, n_a, words, problem))
        return SiteRadii(*rows)

    def _compound(
        self, compound: Compound, sites: Sites
    ) -> tuple[tuple[float, float, float, float], str, str]:
        """Return the radii of A, B and X and the state of A, the problem, and the assumption."""
        nothing = (np.nan, np.nan, np.nan, np.nan)
        state = anion_state(compound.x)
        on_x = ion_radius(compound.x, state, ANION_COORDINATION, self.spin)
        if on_x is None:
            return nothing, f"Shannon has no radius for {compound.x}{-state}-", ""
        problem = ""
        for charges in balances(compound, sites.counts, self.rule):
            on_a, lacking_a = self._site("A", compound.a, charges[0])
            on_b, lacking_b = self._site("B", compound.b, charges[1])
            if lacking := lacking_a or lacking_b:
                problem = problem or f"Shannon has no radius for {lacking}"
                continue
            r_a, r_b = (float(np.mean([each.radius for each in ions])) for ions in (on_a, on_b))
            words = "; ".join(dict.fromkeys(each.words for each in (*on_a, *on_b, on_x)))
            return (r_a, r_b, on_x.radius, charges[0].total / sites.counts["A"]), "", words
        return nothing, problem or UNBALANCED, ""

    def _site(self, site: str, way: tuple[str, ...], charge: Charge) -> tuple[list[Ion], str]:
        """Return the ion of every atom of a site, or the name of the first without a radius."""
        found = []
        for element, states in zip(way, charge.states, strict=True):
            for state in states:
                ion = ion_radius(element, state, self.coordination[site], self.spin)
                if ion is None:
                    return [], f"{element}{state}+"
                found.append(ion)
        return found, ""
