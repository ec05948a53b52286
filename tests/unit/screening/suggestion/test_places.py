from __future__ import annotations

import dataclasses

import numpy as np

from cetransfer.screening.suggestion.places import places_of


def test_features_count_alike_whatever_their_unit(make_domain):
    domain = make_domain("toy", 50, 0)
    (features,) = domain.views
    other = (features * np.array([1, 1000, 1, 1, 0.001, 1], np.float32) + 5).astype(np.float32)
    places = [places_of(each) for each in (domain, dataclasses.replace(domain, views=(other,)))]
    apart = [np.linalg.norm(each[:, None] - each, axis=2) for each in places]
    np.testing.assert_allclose(*apart, atol=1e-3)
    np.testing.assert_allclose(np.square(places[0]).sum(axis=1).mean(), 1.0)


def test_features_that_are_all_the_same_move_nothing(make_domain):
    domain = make_domain("toy", 50, 0)
    wider = np.hstack([domain.views[0], np.full((50, 1), 3.0, np.float32)])
    places = [places_of(each) for each in (domain, dataclasses.replace(domain, views=(wider,)))]
    apart = [np.linalg.norm(each[:, None] - each, axis=2) for each in places]
    np.testing.assert_allclose(*apart, atol=1e-5)
