from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.features.domain import Unlabelled
from cetransfer.models.applicability import Known, known_of


@pytest.fixture
def target(make_domain):
    return make_domain("toy_target", 40, 2)


def test_an_element_is_seen_only_on_its_own_site(target):
    frame = target.data.frame.copy()
    frame.loc[:2, ["A", "B"]] = [["Sr", "Ti"], ["Ti", "Sr"], ["Sr", "Sr"]]
    data = dataclasses.replace(target.data, frame=frame)
    target = dataclasses.replace(target, data=data)
    seen = known_of(target, np.array([0])).elements_seen(target)[:3]
    assert seen.tolist() == [True, False, False]


def test_a_feature_beyond_those_of_labelled_rows_is_out_of_range(target):
    features = np.array([[0.0, 1.0], [2.0, 3.0], [1.0, 2.0], [1.0, 3.1], [-0.1, 2.0]])
    target = dataclasses.replace(target, views=(features.astype(np.float32),))
    inside = known_of(target, np.array([0, 1])).features_in_range(target)[1:]
    assert inside.tolist() == [True, True, False, False]


def test_of_a_row_with_both_faults_the_new_element_is_told():
    one = np.ones(1, np.float32)
    known = Known({"A": ("Sr",), "X": ("O",)}, 0 * one, one)
    sites = pd.DataFrame({"A": ["Sr", "Ba", "Sr"], "X": "O"})
    new = Unlabelled(sites, (np.array([[0.5], [2.0], [2.0]], np.float32),))
    assert known.applicability(new).tolist() == ["ok", "element_new", "out_of_range"]
