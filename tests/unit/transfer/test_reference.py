from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cetransfer.transfer.reference import Reference, fit_reference

SITES = pd.DataFrame(
    [(a, b, "O") for a in ("Ca", "Sr", "Ba") for b in ("Ti", "Zr", "Hf", "Ca")],
    columns=["A", "B", "X"],
)
ROWS = [np.arange(0, 12, 2), np.arange(12)]


def test_a_constant_is_the_mean_residual_of_the_members_own_rows():
    residuals = np.arange(24.0).reshape(2, 12)
    reference = fit_reference("constant", residuals, SITES, ROWS)
    assert reference.constant.tolist() == [5.0, 17.5]
    assert np.array_equal(reference.of(SITES), np.tile([[5.0], [17.5]], 12))


@pytest.mark.parametrize("policy", ["constant", "per_element"])
def test_rows_that_are_not_trained_on_have_no_part_in_it(policy):
    residuals = np.random.default_rng(0).normal(size=(2, 12))
    before = fit_reference(policy, residuals, SITES, ROWS).of(SITES)
    residuals[0, 1::2] = 99.0
    after = fit_reference(policy, residuals, SITES, ROWS).of(SITES)
    assert np.array_equal(before, after)


def test_a_shift_of_one_element_is_found_on_either_site():
    many = pd.concat([SITES] * 50, ignore_index=True)
    shift = 0.3 * ((many["A"] == "Ca").to_numpy() + (many["B"] == "Ca").to_numpy().astype(float))
    residuals = (0.5 + shift)[None]
    found = fit_reference("per_element", residuals, many, [np.arange(len(many))])
    np.testing.assert_allclose(found.of(many)[0], residuals[0], atol=0.01)


def test_an_element_not_trained_on_is_shifted_by_the_constant_and_what_it_stands_beside():
    residuals = np.full((1, 12), 0.5)
    found = fit_reference("per_element", residuals, SITES, [np.arange(4)])
    np.testing.assert_allclose(found.of(SITES), 0.5)


@pytest.mark.parametrize("policy", ["constant", "per_element"])
def test_it_comes_back_from_json(policy):
    residuals = np.random.default_rng(0).normal(size=(2, 12))
    first = fit_reference(policy, residuals, SITES, ROWS)
    second = Reference.from_document(json.loads(json.dumps(first.document())))
    assert np.array_equal(first.of(SITES), second.of(SITES))
