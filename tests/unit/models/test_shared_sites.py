"""Elements that share a site: the same numbers as from features, without features."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.features.domain import Unlabelled
from cetransfer.features.grid import featurize_grid
from cetransfer.models.load import load
from cetransfer.models.shared_sites import shared_sites
from cetransfer.structures.prototypes import PROTOTYPES

from .conftest import NUMBERS

VARIANTS = {
    "as it is": (),
    "a reference per element": ("dataset.reference=per_element",),
    "two shells": ("features=ab_cece", "features.shells=2"),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", ["target_only", "fine_tune", "zero_shot"])
def test_an_element_alone_on_each_site_is_predicted_as_by_the_model(compared, kind, variant):
    model = load(compared(*VARIANTS[variant]).result.models[kind])
    shared = shared_sites(model)
    sites = shared.codes(list(NUMBERS))[:, None]
    expected = model.predict([f"{a}{b}O3" for a in NUMBERS for b in NUMBERS])
    value, lower, upper = shared.estimate(sites, sites)
    for found, column in ((value, "formation_energy"), (lower, "lower"), (upper, "upper")):
        np.testing.assert_allclose(found, expected[column], rtol=0, atol=2e-5)


def test_elements_that_share_a_site_have_the_mean_of_their_features(compared):
    model = load(compared().result.models["fine_tune"])
    shared = shared_sites(model)
    on_a, on_b = [("Ca", "K"), ("Li", "Na")], [("Al", "Sc"), ("Be", "Mg"), ("Al", "Be")]
    rows = [(*a, *b) for a in on_a for b in on_b]
    features = np.mean(
        [
            featurize_grid(
                PROTOTYPES["perovskite"],
                pd.DataFrame({"A": [row[a] for row in rows], "B": [row[b] for row in rows]}),
                model.kind.features,
            )
            for a, b in itertools.product((0, 1), (2, 3))
        ],
        axis=0,
    )
    no_sites = pd.DataFrame(index=range(len(rows)))
    expected = model.of_members(Unlabelled(no_sites, (features.astype(np.float32),)))
    members = [i for i, start in enumerate(model.nets.starts) if start.fold is not None]
    codes = [np.array([shared.codes(pair) for pair in pairs]) for pairs in (on_a, on_b)]
    np.testing.assert_allclose(shared.of_members(*codes), expected[members], rtol=0, atol=2e-5)


def test_the_order_of_elements_on_a_site_changes_nothing(compared):
    shared = shared_sites(load(compared().result.models["fine_tune"]))
    one, other = shared.codes(["Ca", "K"]), shared.codes(["K", "Ca"])
    b = shared.codes(["Al", "Sc"])[None]
    np.testing.assert_array_equal(
        shared.of_members(one[None], b), shared.of_members(other[None], b)
    )


def test_many_rows_are_the_same_as_few(compared):
    shared = shared_sites(load(compared().result.models["fine_tune"]))
    pairs = np.array(list(itertools.combinations(range(2, 80), 2)))
    whole = shared.of_members(pairs[:3], pairs)
    one = shared.of_members(pairs[1:2], pairs[[7]])
    np.testing.assert_allclose(whole[:, len(pairs) + 7], one[:, 0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["source_input", "residual", "kernel_head", "profile_kernel"])
def test_models_that_look_at_more_than_their_features_are_refused(compared, kind):
    model = load(compared().result.models[kind])
    with pytest.raises(UserError, match=f"{kind}, which looks at more .* give a model of"):
        shared_sites(model)


def test_an_element_without_properties_is_named(compared):
    shared = shared_sites(load(compared().result.models["fine_tune"]))
    with pytest.raises(UserError, match=r"element Og has no properties .* space.elements"):
        shared.codes(["Sr", "Og"])
