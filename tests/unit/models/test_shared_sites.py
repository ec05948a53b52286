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


def grid(on_a, on_b):
    """Return every way of A with every way of B."""
    code_a, code_b = np.divmod(np.arange(len(on_a) * len(on_b)), len(on_b))
    return {"A": on_a, "B": on_b}, {"A": code_a, "B": code_b}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", ["target_only", "fine_tune", "zero_shot"])
def test_an_element_alone_on_each_site_is_predicted_as_by_the_model(compared, kind, variant):
    model = load(compared(*VARIANTS[variant]).result.models[kind])
    shared = shared_sites(model)
    alone = [(element,) for element in (*NUMBERS, "Xe")]
    expected = model.predict([f"{a}{b}O3" for (a,) in alone for (b,) in alone])
    asked = grid(alone, alone)
    value, lower, upper = shared.estimate(*asked)
    for found, column in ((value, "formation_energy"), (lower, "lower"), (upper, "upper")):
        np.testing.assert_allclose(found, expected[column], rtol=0, atol=1e-4)
    assert shared.applicability(*asked).tolist() == expected["applicability"].tolist()
    assert set(expected["applicability"]) == {"ok", "element_new"}


def test_elements_that_share_a_site_have_the_mean_of_their_features(compared):
    model = load(compared().result.models["fine_tune"])
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
    found = shared_sites(model).of_members(*grid(on_a, on_b))
    np.testing.assert_allclose(found, expected[members], rtol=0, atol=2e-5)


def test_the_order_of_elements_on_a_site_changes_nothing(compared):
    shared = shared_sites(load(compared().result.models["fine_tune"]))
    found = shared.of_members(*grid([("Ca", "K"), ("K", "Ca")], [("Al", "Sc")]))
    np.testing.assert_array_equal(found[:, 0], found[:, 1])


def test_many_compounds_are_the_same_as_one(compared):
    shared = shared_sites(load(compared().result.models["fine_tune"]))
    pairs = list(itertools.combinations(shared.elements[:70], 2))
    whole = shared.of_members(*grid(pairs[:3], pairs))
    one = shared.of_members(*grid(pairs[1:2], pairs[7:8]))
    np.testing.assert_allclose(whole[:, len(pairs) + 7], one[:, 0], rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["source_input", "residual", "kernel_head", "profile_kernel"])
def test_models_that_look_at_more_than_their_features_are_refused(compared, kind):
    model = load(compared().result.models[kind])
    with pytest.raises(UserError, match=f"{kind}, which looks at more .* give a model of"):
        shared_sites(model)


def test_an_element_without_properties_is_named(compared):
    shared = shared_sites(load(compared().result.models["fine_tune"]))
    with pytest.raises(UserError, match=r"element Og has no properties .* space.elements"):
        shared.of_members(*grid([("Sr", "Og")], [("Ti",)]))
