from __future__ import annotations

import numpy as np
import pytest

from cetransfer.evaluation.element_interval import interval_over_elements
from cetransfer.evaluation.statistics import interval_of_mean

NAMES = [f"E{number}" for number in range(20)]
PAIRS = [(a, b) for a in NAMES for b in NAMES if a != b]


def over_elements(values, pairs, seed=0):
    return interval_over_elements(np.asarray(values), pairs, np.random.default_rng(seed))


def test_equal_errors_have_no_width():
    assert over_elements(np.full(len(PAIRS), 0.3), PAIRS) == pytest.approx((0.3, 0.3))


def test_one_compound_has_no_width():
    assert over_elements([0.2], [("Sr", "Ti")]) == pytest.approx((0.2, 0.2))


def test_two_compounds_of_four_elements_by_hand():
    # the mean is u / (u + v) with u, v products of two exponential weights; the quantile of their
    # ratio, by direct simulation
    generator = np.random.default_rng(1)
    products = generator.exponential(size=(2, 2, 200_000)).prod(axis=0)
    expected = np.quantile(products[0] / products.sum(axis=0), [0.025, 0.975])
    assert over_elements([1.0, 0.0], [("A", "B"), ("C", "D")]) == pytest.approx(expected, abs=0.02)


def test_it_is_wider_where_elements_err_together():
    generator = np.random.default_rng(0)
    hard = dict(zip(NAMES, generator.exponential(size=len(NAMES)), strict=True))
    values = np.array([hard[a] + hard[b] for a, b in PAIRS])
    low, high = over_elements(values, PAIRS)
    narrow = interval_of_mean(values, np.random.default_rng(0))
    assert high - low > 2 * (narrow[1] - narrow[0])
    assert low < values.mean() < high


def test_it_covers_the_mean_of_all_elements_where_they_differ():
    # mean over other draws of the elements: 1 + 1 from exponential difficulties
    covered = 0
    for seed in range(150):
        generator = np.random.default_rng(seed)
        hard = generator.exponential(size=len(NAMES))
        values = [hard[NAMES.index(a)] + hard[NAMES.index(b)] for a, b in PAIRS]
        low, high = over_elements(np.array(values) + generator.normal(size=len(PAIRS)), PAIRS, seed)
        covered += low <= 2.0 <= high
    assert 0.85 <= covered / 150 <= 1.0


def test_the_order_of_sites_and_an_empty_site_do_not_matter():
    values = np.random.default_rng(0).exponential(size=3)
    one = over_elements(values, [("Sr", "Ti"), ("Ba", "Ti"), ("Ca", "Zr")])
    other = over_elements(values, [("Ti", "Sr"), ("Ti", "Ba"), ("Zr", "Ca")])
    assert one == pytest.approx(other)
    alone = over_elements(values, [("Sr", ""), ("Ba", ""), ("Ca", "")])
    assert alone == over_elements(values, [("Sr",), ("Ba",), ("Ca",)])


def test_an_element_on_both_sites_counts_once():
    values = np.random.default_rng(0).exponential(size=3)
    both = over_elements(values, [("Sr", "Sr"), ("Ba", "Ba"), ("Ca", "Ca")])
    assert both == over_elements(values, [("Sr",), ("Ba",), ("Ca",)])
