"""All pairs of cations in the prototype of a data set."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cetransfer.features.grid import featurize_grid
from cetransfer.features.pairs import pairs_of
from cetransfer.structures.prototypes import PROTOTYPES


@pytest.fixture
def data(make_domain):
    return make_domain("toy", 20, 0).data


def test_every_pair_has_the_features_of_its_compound(data, settings):
    pairs = pairs_of(data, ["Ti", "Ba", "Sr", "Ba"], settings.features)
    assert pairs.elements == ("Ba", "Sr", "Ti")
    own = data.frame.iloc[:1].assign(A="Sr", B="Ti")
    expected = featurize_grid(PROTOTYPES["perovskite"], own, settings.features)
    np.testing.assert_array_equal(pairs.features[1 * 3 + 2], expected[0].astype(np.float32))
    assert len(pairs.features) == 9


def test_the_anion_is_that_of_the_rows(data, settings):
    fluorides = dataclasses.replace(data, frame=data.frame.assign(X="F"))
    oxide, fluoride = (pairs_of(d, ["Ba", "Ti"], settings.features) for d in (data, fluorides))
    assert not np.array_equal(oxide.features, fluoride.features)


def test_rows_with_several_anions_or_other_sites_have_none(data, settings):
    mixed = data.frame.copy()
    mixed.loc[0, "X"] = "F"
    assert pairs_of(dataclasses.replace(data, frame=mixed), ["Ba"], settings.features) is None
    binary = data.frame[["formula", "A", "X", "formation_energy"]].drop_duplicates("A")
    oxides = dataclasses.replace(data, frame=binary.reset_index(drop=True), prototype="rocksalt")
    assert pairs_of(oxides, ["Ba"], settings.features) is None
