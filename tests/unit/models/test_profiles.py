"""Element profiles from source nets, and the strategies that see them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.features.domain import Domain, Unlabelled
from cetransfer.features.grid import featurize_grid
from cetransfer.features.pairs import pairs_of
from cetransfer.models.profiles import (
    _reduced,
    element_profiles,
    require_pairs,
)
from cetransfer.models.target_nets import Start
from cetransfer.structures.prototypes import PROTOTYPES
from cetransfer.training.source import source_nets
from cetransfer.training.target import fit_target
from cetransfer.training.task import Task
from cetransfer.transfer.strategy import make_strategies

SETS = ("training.epochs=60", "training.batch_size=8", "training.source.epochs=30")
ELEMENTS = {"Li": 0.0, "Be": 2.0, "Na": 0.1, "Mg": 1.9, "Al": 3.0, "K": 0.2, "Ca": 2.1, "Sc": 3.1}


@pytest.fixture
def settings(compose):
    strategies = "strategy=[target_only,profile_residual,profile_kernel]"
    return compose("network.hidden=[16,8]", "protocol.members=2", *SETS, strategies)


@pytest.fixture
def domains(make_domain, settings):
    """A source and a target whose labels are smooth functions of one number of each element."""

    def domain(name, rows, label):
        pairs = [(a, b) for a in ELEMENTS for b in ELEMENTS][:rows]
        frame = make_domain(name, rows, 0).data.frame.assign(
            A=[a for a, _ in pairs],
            B=[b for _, b in pairs],
            formula=[f"{a}{b}O3" for a, b in pairs],
            formation_energy=[label(ELEMENTS[a], ELEMENTS[b]) for a, b in pairs],
        )
        data = dataclasses.replace(make_domain(name, rows, 0).data, frame=frame)
        features = featurize_grid(PROTOTYPES["perovskite"], frame, settings.features)
        exchanged = featurize_grid(
            PROTOTYPES["perovskite"],
            frame.assign(A=frame["B"], B=frame["A"]),
            settings.features,
        )
        return Domain(
            data,
            (features.astype(np.float32),),
            exchanged.astype(np.float32),
            pairs_of(data, ELEMENTS, settings.features),
        )

    source = domain("toy_source", 64, lambda a, b: a * b - a)
    target = domain("toy_target", 60, lambda a, b: a * b - a + 0.3 * b)
    return source, target


@pytest.fixture
def nets(domains, settings, tmp_path):
    return source_nets(settings, domains[:1], "schema", tmp_path)


def test_components_are_scaled_by_the_square_root_of_their_spread():
    profiles = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    found = np.abs(_reduced(profiles, 2))
    first = np.sqrt(2.0)  # 3 in units of the spread of (3, -3, 0, 0)
    np.testing.assert_allclose(found[:, 0], [first, first, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found[:, 1], first / np.sqrt(3.0) * np.array([0, 0, 1, 1]))


def test_there_are_no_more_components_than_elements_can_have(nets):
    assert element_profiles(nets, 100).numbers.shape == (2, 8, 7)


def test_elements_that_do_alike_in_the_source_have_alike_profiles(nets):
    own = dict(zip(sorted(ELEMENTS), element_profiles(nets, 4).numbers[0], strict=True))
    alike = np.linalg.norm(own["Li"] - own["Na"])
    assert alike < 0.5 * np.linalg.norm(own["Li"] - own["Al"])


def test_exchanged_rows_have_the_profiles_of_both_sites_exchanged(nets, domains):
    profiles = element_profiles(nets, 3)
    as_given = profiles.of_rows(domains[1], exchanged=False)
    other = profiles.of_rows(domains[1], exchanged=True)
    np.testing.assert_array_equal(other, np.roll(as_given, 3, axis=2))
    assert as_given.shape == (2, 60, 6)


@pytest.mark.parametrize("name", ["profile_residual", "profile_kernel"])
def test_the_strategies_learn_what_the_source_leaves(name, nets, domains, settings):
    target = domains[1]
    strategy = next(own for own in make_strategies(settings.strategy) if own.name == name)
    rows, unseen = np.split(np.random.default_rng(0).permutation(60), [40])
    starts = [Start(rows, 0, 0, member, member) for member in range(2)]
    (made,) = fit_target([Task(strategy, strategy.plan(3), starts, nets, target, settings)])
    predicted = made.predict(target, nets).mean(axis=0)
    error = np.abs(predicted - target.data.labels)[unseen].mean()
    # 0.3 b on average, what the source cannot know, is 0.47
    assert error < 0.25


@pytest.mark.parametrize("which", [0, 1])
def test_data_without_pairs_are_refused_by_name(which, domains):
    changed = list(domains)
    changed[which] = dataclasses.replace(changed[which], pairs=None)
    with pytest.raises(UserError, match=changed[which].name):
        require_pairs("profile_kernel", changed[:1], changed[1])


def test_an_element_without_a_profile_is_named(nets, domains):
    profiles = element_profiles(nets, 3)
    strange = Unlabelled(pd.DataFrame({"A": ["Xe"], "B": ["Li"]}), domains[1].views)
    with pytest.raises(UserError, match="element Xe stands in no row"):
        profiles.of_rows(strange, exchanged=False)


def test_profiles_are_worked_out_once(nets):
    assert nets.profiles(3) is nets.profiles(3)
