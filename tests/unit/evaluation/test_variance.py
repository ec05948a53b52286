from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cetransfer.evaluation.splits import cross_validation, make_members
from cetransfer.evaluation.statistics import corrected_t
from cetransfer.evaluation.variance import luck, new_sources_p


def levels(folds, members, repeats=1):
    """Return fold, source net and target seed of each net, as the tool makes them."""
    nets = make_members(cross_validation(np.arange(60), folds, repeats, 0), members)
    return {
        "fold": np.array([net.split.repeat * folds + net.split.fold for net in nets]),
        "source": np.array([net.source for net in nets]),
        "target": np.array([net.split.repeat * members + net.target_seed for net in nets]),
    }


def drawn(design, generator, **deviations):
    """Return values of given components; `residual` is the one of single nets."""
    values = generator.normal(0.0, deviations.get("residual", 0.0), len(design["fold"]))
    for name in ("fold", "source", "target"):
        effects = generator.normal(0.0, deviations.get(name, 0.0), design[name].max() + 1)
        values = values + effects[design[name]]
    return values


def test_the_components_of_a_three_by_three_latin_square_by_hand():
    design = levels(3, 3)
    # fold effects -1, 0, 1; source effects -2, 0, 2; target effects 3, -3, 0; then a residual
    # orthogonal to all three, one of the two degrees of freedom that are left
    other = (design["source"] + 2 * design["fold"]) % 3
    values = (
        np.array([-1.0, 0.0, 1.0])[design["fold"]]
        + np.array([-2.0, 0.0, 2.0])[design["source"]]
        + np.array([3.0, -3.0, 0.0])[design["target"]]
        + np.array([0.5, -0.5, 0.0])[other]
    )
    found = luck(values, **design)
    # mean squares: 3 * sum of squared effects / 2 degrees of freedom
    assert found.residual == pytest.approx(3 * 0.5 / 2)
    assert found.residual_freedom == 2
    assert found.source.square == pytest.approx(3 * 8 / 2)
    assert found.target.square == pytest.approx(3 * 18 / 2)
    assert found.fold.square == pytest.approx(3 * 2 / 2)
    assert found.source.nets == pytest.approx(3.0)
    # less the residual of 0.75, over three nets a level
    assert found.source.component == pytest.approx(3.75)
    assert found.target.component == pytest.approx(8.75)
    assert found.fold.component == pytest.approx(0.75)
    total = 3.75 + 8.75 + 0.75 + 0.75
    shares = found.shares
    assert (shares.source, shares.target) == pytest.approx((3.75 / total, 8.75 / total))
    assert (shares.fold, shares.residual) == pytest.approx((0.75 / total, 0.75 / total))


def test_a_component_is_never_negative():
    design = levels(5, 5)
    found = luck((-1.0) ** (design["fold"] + design["source"]), **design)
    assert found.source.component == 0.0
    assert found.source.square < found.residual


@pytest.mark.parametrize(("folds", "members", "repeats"), [(10, 5, 1), (10, 3, 1), (4, 3, 2)])
def test_components_are_right_on_average_also_where_the_square_is_not_full(folds, members, repeats):
    design, generator = levels(folds, members, repeats), np.random.default_rng(0)
    found = [
        luck(drawn(design, generator, source=2.0, target=1.0, fold=3.0, residual=0.5), **design)
        for _ in range(600)
    ]
    # component + (residual - residual) / k without the cut at 0, which nothing here comes near
    assert np.mean([one.source.component for one in found]) == pytest.approx(4.0, rel=0.2)
    assert np.mean([one.target.component for one in found]) == pytest.approx(1.0, rel=0.2)
    assert np.mean([one.fold.component for one in found]) == pytest.approx(9.0, rel=0.2)
    assert np.mean([one.residual for one in found]) == pytest.approx(0.25, rel=0.1)


def test_where_no_two_nets_share_a_target_seed_it_is_in_the_residual():
    design = levels(6, 3)
    design["target"] = np.arange(len(design["fold"]))
    found = luck(np.random.default_rng(0).normal(size=18), **design)
    assert found.target is None
    assert found.shares.target is None


@pytest.mark.parametrize(("folds", "members"), [(5, 1), (2, 1)])
def test_one_source_net_says_nothing_of_others(folds, members):
    design = levels(folds, members)
    assert luck(np.random.default_rng(0).normal(size=folds), **design) is None


def test_where_nothing_varies_there_is_nothing_to_share_out():
    design = levels(6, 3)
    assert luck(np.full(18, 0.25), **design).shares is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10.0), st.floats(-5.0, 5.0))
def test_shares_add_up_and_do_not_depend_on_level_or_unit(seed, unit, level):
    design = levels(6, 3)
    values = drawn(design, np.random.default_rng(seed), source=1.0, fold=1.0, residual=1.0)
    first, second = luck(values, **design).shares, luck(unit * values + level, **design).shares
    one = (first.source, first.target, first.fold, first.residual)
    assert one == pytest.approx((second.source, second.target, second.fold, second.residual))
    assert sum(one) == pytest.approx(1.0)


def test_the_p_for_new_sources_by_hand():
    design = levels(3, 3)
    values = (
        np.array([-2.0, 0.0, 2.0])[design["source"]]
        + np.array([0.5, -0.5, 0.0])[(design["source"] + 2 * design["fold"]) % 3]
    )
    found = luck(values, **design)
    differences = np.array([4.0, 5.0, 6.0])
    # c s_d^2 = (1/3 + 1/2) 1; source component 3.75 over three nets; M_s = 12, M_e = 0.75, k = 3
    square = 5 / 6 + 3.75 / 3
    freedom = square**2 / ((5 / 6) ** 2 / 2 + (12 / 9) ** 2 / 2 + (0.75 / 9) ** 2 / 2)
    expected = 2 * stats.t.sf(5.0 / np.sqrt(square), freedom)
    assert new_sources_p(differences, 0.5, found, 3) == pytest.approx(expected)


def test_without_luck_of_the_source_it_is_the_corrected_t():
    design = levels(5, 5)
    found = luck((-1.0) ** (design["fold"] + design["source"]), **design)
    differences = np.array([0.1, 0.3, 0.2, 0.4, 0.2])
    expected = corrected_t(differences, 0.25).p
    assert new_sources_p(differences, 0.25, found, 5) == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 3.0), st.floats(-3.0, 3.0))
def test_a_wider_question_is_never_answered_more_surely(seed, deviation, shift):
    design = levels(10, 5)
    generator = np.random.default_rng(seed)
    values = shift + drawn(design, generator, source=deviation, fold=1.0, residual=1.0)
    differences = values.reshape(10, 5).mean(axis=1)
    wider = new_sources_p(differences, 1 / 9, luck(values, **design), 5)
    assert wider >= corrected_t(differences, 1 / 9).p - 1e-12


def test_equal_nets_are_decided_by_their_mean():
    design = levels(6, 3)
    found = luck(np.zeros(18), **design)
    assert new_sources_p(np.zeros(6), 0.2, found, 3) == 1.0
    assert new_sources_p(np.full(6, 0.25), 0.2, found, 3) == 0.0


@pytest.mark.parametrize("deviation", [0.0, 0.5, 1.0, 2.0])
def test_its_level_is_right_where_sources_vary_and_that_of_the_first_p_is_not(deviation):
    # ten folds share 1/9 of a fold's variance through their common rows, as Nadeau-Bengio assumes
    design, generator = levels(10, 5), np.random.default_rng(1)
    new, old = [], []
    for _ in range(1000):
        shared = generator.normal(0.0, np.sqrt(1.2 / 9))
        values = shared + drawn(design, generator, source=deviation, fold=1.0, residual=1.0)
        differences = values.reshape(10, 5).mean(axis=1)
        new.append(new_sources_p(differences, 1 / 9, luck(values, **design), 5) < 0.05)
        old.append(corrected_t(differences, 1 / 9).p < 0.05)
    assert 0.02 <= np.mean(new) <= 0.075
    if deviation >= 1.0:
        assert np.mean(old) > 0.1
