from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from cetransfer.errors import UserError
from cetransfer.screening.criterion import make_criteria
from cetransfer.screening.evidence import Evidence
from cetransfer.screening.funnel import run_funnel
from cetransfer.screening.probability import implied_deviation, probabilities

HALF = 1.6448536269514722
"""Standard deviations from the middle to the end of a 90 % interval."""

EVIDENCE = Evidence(
    r_a=np.array([1.18, 1.6, 0.5, 1.2]),
    r_b=np.array([0.67, 0.6, 0.6, 0.3]),
    r_x=np.full(4, 1.382),
    energy=np.array([-3.0, -3.0, -3.0, -1.5]),
    lower=np.array([-3.0, -3.0, -3.0, -1.5]) - HALF,
    upper=np.array([-3.0, -3.0, -3.0, -1.5]) + HALF,
    hull_energy=np.array([-3.5, -2.0, np.nan, -2.0]),
)

CRITERIA = {
    "goldschmidt": {"above": 0.7, "at_most": 1.0},
    "octahedral": {"above": 0.45, "below": 0.7},
    "formation_energy": {"below": -2.0},
}


def funnel(configured, evidence=EVIDENCE):
    criteria = make_criteria(configured)
    return criteria, run_funnel(criteria, evidence, 4)


def test_each_criterion_counts_what_comes_and_what_it_leaves():
    _, found = funnel(CRITERIA)
    # t = 0.883, 1.064, 0.671, 1.085; mu = 0.485 of the first
    assert [(step.before, step.after) for step in found.steps] == [(4, 1), (1, 1), (1, 1)]
    assert found.dropped_by.tolist() == ["", "goldschmidt", "goldschmidt", "goldschmidt"]
    assert found.steps[0].told()["dropped"] == 3
    assert found.steps[0].told()["limits"] == {"above": 0.7, "at_most": 1.0}


def test_the_order_is_that_of_the_configuration():
    order = ("formation_energy", "octahedral", "goldschmidt")
    _, found = funnel({name: CRITERIA[name] for name in order})
    assert found.dropped_by.tolist() == ["", "octahedral", "octahedral", "formation_energy"][:1] + [
        "octahedral" if mu <= 0.45 else "goldschmidt" for mu in (0.6 / 1.382, 0.6 / 1.382)
    ] + ["formation_energy"]
    assert [step.after for step in found.steps] == [3, 1, 1]


def test_an_empty_result_names_the_criterion_and_a_value_that_would_leave_something():
    tight = {**CRITERIA, "formation_energy": {"below": -4.0}}
    with pytest.raises(UserError) as caught:
        funnel(tight)
    message = str(caught.value)
    assert "formation_energy (E_f < -4) leaves none of the 1 candidates that octahedral" in message
    assert "E_f = -3 eV/atom; criteria.formation_energy.below=-2.9999" in message
    _, found = funnel({**tight, "formation_energy": {"below": -2.9999}})
    assert found.passing.sum() == 1


def test_an_empty_result_without_any_value_says_so():
    evidence = Evidence(energy=np.full(4, np.nan))
    with pytest.raises(UserError, match="none of them has a value of E_f; leave the criterion out"):
        funnel({"formation_energy": {"below": 0.0}}, evidence)


def test_the_interval_implies_the_deviation_of_a_normal_distribution():
    assert implied_deviation(np.array([-HALF]), np.array([HALF])) == pytest.approx([1.0])


def test_the_probability_is_that_of_the_energy_where_the_rest_is_certain():
    criteria, found = funnel(CRITERIA)
    chance = probabilities(criteria, EVIDENCE, found.quantities)
    # (-2 + 3) / 1 standard deviation
    assert chance == pytest.approx([norm.cdf(1.0), 0.0, 0.0, 0.0])


def test_limits_on_the_energy_and_on_its_distance_from_the_hull_are_met_together():
    configured = {
        "formation_energy": {"above": -4.0, "below": -2.0},
        "hull": {"at_most": 0.25, "references": "", "columns": {}},
    }
    criteria = make_criteria(configured)
    values = {each.name: each.values(EVIDENCE) for each in criteria}
    chance = probabilities(criteria, EVIDENCE, values)
    expected = [
        norm.cdf(-0.25) - norm.cdf(-1.0),
        norm.cdf(1.0) - norm.cdf(-1.0),
        0.0,
        norm.cdf(-0.5) - norm.cdf(-2.5),
    ]
    assert chance == pytest.approx(expected)


def test_without_intervals_a_criterion_is_met_or_not():
    evidence = Evidence(energy=EVIDENCE.energy)
    criteria = make_criteria({"formation_energy": {"below": -2.0}})
    values = {each.name: each.values(evidence) for each in criteria}
    assert probabilities(criteria, evidence, values).tolist() == [1.0, 1.0, 1.0, 0.0]


def test_tau_brings_its_own_probability():
    evidence = Evidence(
        r_a=np.array([1.44]), r_b=np.array([0.605]), r_x=np.array([1.4]), n_a=np.array([2.0])
    )
    criteria = make_criteria({"tau": {"below": 4.18}})
    values = {each.name: each.values(evidence) for each in criteria}
    # table S1: SrTiO3 has tau 3.80 and probability 0.70
    assert probabilities(criteria, evidence, values) == pytest.approx([0.70], abs=0.01)
