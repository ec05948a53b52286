"""The funnel and its alternatives, as rules that choose and rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.bartel2019 import read_labels
from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.datasets.emery2017 import NAME as EMERY
from cetransfer.screening.criteria.formation_energy import FormationEnergy
from cetransfer.screening.criteria.goldschmidt import Goldschmidt
from cetransfer.screening.criteria.octahedral import Octahedral
from cetransfer.screening.criteria.tau import Tau
from cetransfer.screening.known_list import keys_of
from cetransfer.screening.limits import Limits
from cetransfer.screening.worth.answers import EXPERIMENT, HULL, LARGEST_DISTANCE, STABLE
from cetransfer.screening.worth.calibrated import calibrated
from cetransfer.screening.worth.question import Question, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.screening.criterion import Criterion

FUNNEL, WINDOW, ENERGY, DISTANCE, PROBABILITY = (
    *("funnel", "t_mu_window", "formation_energy", "hull_distance"),
    "stable_probability",
)
TAU, PUBLISHED_TAU = "tau", "tau_published"

EMERY_ENERGY = HULL.replace("hull_distance", FORMATION_ENERGY)

LIMITS: dict[type[Criterion], Limits] = {
    Goldschmidt: Limits(above=0.7, at_most=1.1),
    Octahedral: Limits(above=0.45, below=0.7),
    FormationEnergy: Limits(below=-1.0),
    Tau: Limits(below=4.18),
}
"""Where the funnel has none: those of Li et al. (2023), doi 10.1038/s41524-023-01068-7, and of
Bartel et al. (2019), doi 10.1126/sciadv.aav0693."""


def rules_of(
    table: pd.DataFrame,
    passing: NDArray[np.bool_],
    criteria: Sequence[Criterion],
    questions: Sequence[Question],
) -> list[Rule]:
    """Return all rules that candidates can be chosen by, the funnel first.

    Parameters
    ----------
    table
        Of n candidates, with all quantities.
    passing
        (n,) which pass the funnel.
    criteria
        Of the funnel; where it has one, its limits hold for the alternatives.
    questions
        With the answers that a probability is calibrated on.
    """
    every = np.ones(len(table), np.bool_)
    words = ", ".join(each.words for each in criteria)
    chance = table["probability"].to_numpy(np.float64)
    energetic = any("energy" in each.needs for each in criteria)
    text = f"the funnel: {words}"
    found = [Rule(FUNNEL, text, passing, chance, every, energetic=energetic)]
    if "t" in table:
        found += _of_radii(table, criteria)
    if any(each.name == EXPERIMENT for each in questions):
        found.append(_published(table))
    if FORMATION_ENERGY in table:
        energy = table[FORMATION_ENERGY].to_numpy(np.float64)
        limits = _limits(FormationEnergy, criteria)
        judged = ~np.isnan(energy)
        text = f"predicted {limits.words('E_f')} eV/atom"
        holds = limits.holds(energy)
        found.append(Rule(ENERGY, text, holds, -energy, judged, energetic=True))
        if HULL in table:
            found += _of_hull(table, energy, questions)
    return found


def _limits(kind: type[Criterion], criteria: Sequence[Criterion]) -> Limits:
    """Return the limits that the funnel has for a kind of criterion, or the published ones."""
    own = [each.limits for each in criteria if type(each) is kind]
    return own[0] if own else LIMITS[kind]


def _of_radii(table: pd.DataFrame, criteria: Sequence[Criterion]) -> list[Rule]:
    t, mu, tau, chance = (
        table[name].to_numpy(np.float64) for name in ("t", "mu", "tau", "tau_probability")
    )
    on_t, on_mu, on_tau = (_limits(kind, criteria) for kind in (Goldschmidt, Octahedral, Tau))
    window = Rule(
        WINDOW,
        f"{on_t.words('t')} and {on_mu.words('mu')} alone",
        on_t.holds(t) & on_mu.holds(mu),
        None,
        ~np.isnan(t),
    )
    words = f"{on_tau.words('tau')}, radii of this screening"
    return [window, Rule(TAU, words, on_tau.holds(tau), chance, ~np.isnan(tau), EXPERIMENT)]


def _published(table: pd.DataFrame) -> Rule:
    """Return tau as its paper has it, of the compounds of table S1."""
    labels, _ = read_labels()
    values = labels[["tau", "tau_probability"]].to_numpy(np.float64)
    known = dict(zip(keys_of(labels), values, strict=True))
    nothing = np.full(2, np.nan)
    tau, chance = np.array([known.get(key, nothing) for key in keys_of(table)]).T
    limits = LIMITS[Tau]
    words = f"{limits.words('tau')}, as published with Shannon's radii"
    judged = ~np.isnan(tau)
    # of other questions it would know the compounds that somebody has made, and no others
    return Rule(PUBLISHED_TAU, words, limits.holds(tau), chance, judged, EXPERIMENT, EXPERIMENT)


def _of_hull(
    table: pd.DataFrame, energy: NDArray[np.float64], questions: Sequence[Question]
) -> list[Rule]:
    """Return what follows from the predicted energy and the hull of all other phases.

    The hull's energy is the calculated energy of the compound less its distance from the hull.
    """
    hull = (table[EMERY_ENERGY] - table[HULL]).to_numpy(np.float64)
    distance = energy - hull
    judged = ~np.isnan(distance)
    by_distance = Rule(
        DISTANCE,
        f"predicted energy <= {LARGEST_DISTANCE} eV/atom above the hull of {EMERY}",
        judged & (distance <= LARGEST_DISTANCE),
        -distance,
        judged,
        energetic=True,
    )
    answered = [each for each in questions if each.name == STABLE]
    if not answered:
        return [by_distance]
    truth, known = answered[0].truth, answered[0].known
    chance = calibrated(-distance, truth, known, table["A"].to_numpy(str))
    return [
        by_distance,
        Rule(
            PROBABILITY,
            "probability of being stable >= 0.5, calibrated on compounds of other elements on A",
            chance >= 0.5,  # noqa: PLR2004 - rather yes than no
            chance,
            ~np.isnan(chance),
            STABLE,
            energetic=True,
        ),
    ]
