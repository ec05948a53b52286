"""Oxidation states: which charges balance, and which of them are the most common.

Rule ``pymatgen``: as `pymatgen.core.Composition.oxi_state_guesses` counts, every atom may have any
of the states that pymatgen lists from the ICSD for its element (its common ones where the ICSD has
none), so that atoms of one element on a site may differ. Rule ``smact``: as
`smact.screening.smact_validity` counts (Davies et al., JOSS 4:1361 (2019), doi
10.21105/joss.01361), an element has one of its states in the ICSD (3 entries or more) on all atoms
of a site; there is no test of electronegativities, which oxides always pass. Cations have positive
states, the anion its lowest common one. Of several ways to balance the charges the one goes first
whose states are the most frequent in the ICSD, by the sum over atoms that pymatgen ranks with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cetransfer.screening.sites import Compound, Sites

RULES = ("pymatgen", "smact")

CONSENSUS = 3
"""Entries of the ICSD that smact asks of an oxidation state by default."""

LARGEST = 9
"""No element has a greater oxidation state."""

States = tuple[tuple[int, ...], ...]
"""For each element of a site, the oxidation state of each of its atoms."""


@dataclass(frozen=True)
class Charge:
    """One way to charge a site: `score` sums up how frequent its states are."""

    total: int
    states: States
    score: float


@lru_cache(maxsize=1024)
def states_of(element: str, rule: str) -> tuple[int, ...]:
    """Return the positive oxidation states of an element, ascending; none where none is known.

    Raises
    ------
    UserError
        For an unknown rule, or if smact is asked for and not installed.
    """
    if rule not in RULES:
        raise UserError(
            f"charge_rule={rule} is unknown; {nearest(rule, RULES, 'choose pymatgen or smact')}"
        )
    if rule == "smact":
        return _of_smact().get(element, ())
    from pymatgen.core import Element

    known = Element(element)
    listed = known.icsd_oxidation_states or known.common_oxidation_states
    return tuple(sorted(int(state) for state in listed if state > 0))


@lru_cache(maxsize=1)
def _of_smact() -> Mapping[str, tuple[int, ...]]:
    try:
        from smact.utils.oxidation import ICSD24OxStatesFilter
    except ImportError as error:
        raise UserError(
            "charge_rule=smact needs a package that is not installed; "
            "run pip install 'cetransfer[screening]', or give charge_rule=pymatgen"
        ) from error
    table = ICSD24OxStatesFilter().filter(consensus=CONSENSUS, include_zero=False)
    listed = zip(table["element"], table["oxidation_state"], strict=True)
    numbers = {str(element): map(int, str(words).split()) for element, words in listed}
    return {
        element: tuple(sorted(state for state in states if state > 0))
        for element, states in numbers.items()
    }


@lru_cache(maxsize=32)
def anion_state(element: str) -> int:
    """Return the oxidation state of an anion, the lowest of its common ones: -2 for O.

    Raises
    ------
    UserError
        If it has no negative one.
    """
    from pymatgen.core import Element

    lowest = min(Element(element).common_oxidation_states, default=0)
    if lowest >= 0:
        raise UserError(f"{element} on X has no negative oxidation state; give compounds of anions")
    return int(lowest)


@lru_cache(maxsize=1)
def _frequencies() -> Mapping[tuple[str, int], float]:
    """Return how often an ion occurs in the ICSD, as pymatgen counts."""
    from pymatgen.core import Composition

    Composition("MgO").oxi_state_guesses()  # so that pymatgen reads its table
    return {(ion.symbol, int(ion.oxi_state)): n for ion, n in (Composition.oxi_prob or {}).items()}


@lru_cache(maxsize=16_384)
def charges_of(way: tuple[str, ...], atoms: int, rule: str) -> tuple[Charge, ...]:
    """Return the charges that a site can have, the most frequent states for each total.

    Parameters
    ----------
    way
        Elements in equal parts.
    atoms
        On the site, in the formula.
    rule
        One of `RULES`.
    """
    frequent = _frequencies()
    each = atoms // len(way)
    options = []
    for element in way:
        states = states_of(element, rule)
        if rule == "smact":
            options.append([(state,) * each for state in states])
        else:
            options.append(list(combinations_with_replacement(states, each)))
    best: dict[int, Charge] = {}
    for chosen in product(*options):
        total = sum(map(sum, chosen))
        score = sum(
            frequent.get((element, state), 0.0)
            for element, states in zip(way, chosen, strict=True)
            for state in states
        )
        if total not in best or score > best[total].score:
            best[total] = Charge(total, chosen, score)
    return tuple(best[total] for total in sorted(best))


def possible_totals(
    ways: Sequence[tuple[str, ...]], atoms: int, rule: str, most: int
) -> NDArray[np.bool_]:
    """Return which total charges 0 to `most` each way (n,) to fill a site can have, (n, most + 1).

    Two such tables balance a whole grid of compounds at once: way i of A and way j of B balance a
    total of q if ``(on_a[:, : q + 1] @ on_b[:, q::-1].T)[i, j]``.
    """
    found = np.zeros((len(ways), most + 1), bool)
    for row, way in enumerate(ways):
        for charge in charges_of(way, atoms, rule):
            if charge.total <= most:
                found[row, charge.total] = True
    return found


def balanced(sites: Sites, rule: str) -> NDArray[np.bool_]:
    """Tell for each compound (n,) whether some oxidation states balance."""
    result = np.zeros(len(sites), bool)
    for anion in sorted(set(sites.anion)):
        wanted = -anion_state(anion) * sites.counts["X"]
        on_a, on_b = (
            possible_totals(filled.ways, sites.counts[site], rule, wanted)
            for site, filled in sites.cations.items()
        )
        some = on_a @ on_b[:, ::-1].T
        rows = sites.anion == anion
        codes = [filled.code[rows] for filled in sites.cations.values()]
        result[rows] = some[codes[0], codes[1]]
    return result


def states_of_a(sites: Sites, rule: str) -> NDArray[np.float64]:
    """Return the oxidation state of A (n,), the mean of its atoms; NaN where nothing balances.

    Of several ways to balance the charges, that of the most frequent states: the first `balances`.
    """
    result = np.full(len(sites), np.nan)
    for anion in sorted(set(sites.anion)):
        wanted = -anion_state(anion) * sites.counts["X"]
        on_a, on_b = (
            _scores(filled.ways, sites.counts[site], rule, wanted)
            for site, filled in sites.cations.items()
        )
        rows = np.flatnonzero(sites.anion == anion)
        code_a, code_b = (filled.code[rows] for filled in sites.cations.values())
        together = on_a[code_a] + on_b[code_b, ::-1]
        total = together.argmax(axis=1)
        some = np.isfinite(together.max(axis=1))
        result[rows[some]] = total[some] / sites.counts["A"]
    return result


def _scores(
    ways: Sequence[tuple[str, ...]], atoms: int, rule: str, most: int
) -> NDArray[np.float64]:
    """Return how frequent the states of each total charge 0 to `most` are, -inf: not possible."""
    found = np.full((len(ways), most + 1), -np.inf)
    for row, way in enumerate(ways):
        for charge in charges_of(way, atoms, rule):
            if charge.total <= most:
                found[row, charge.total] = charge.score
    return found


def balances(
    compound: Compound, counts: Mapping[str, int], rule: str
) -> list[tuple[Charge, Charge]]:
    """Return the charges of A and B that balance one compound, the most frequent states first."""
    wanted = -anion_state(compound.x) * counts["X"]
    on_b = {charge.total: charge for charge in charges_of(compound.b, counts["B"], rule)}
    found = [
        (charge, on_b[wanted - charge.total])
        for charge in charges_of(compound.a, counts["A"], rule)
        if wanted - charge.total in on_b
    ]
    return sorted(found, key=lambda pair: -(pair[0].score + pair[1].score))
