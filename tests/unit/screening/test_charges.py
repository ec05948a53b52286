from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.screening.charges import anion_state, balanced, balances, possible_totals, states_of
from cetransfer.screening.sites import Compound, sites_of
from cetransfer.screening.spaces import make_space
from cetransfer.structures.prototypes import prototype_named

ELEMENTS = "space.elements=[Sr,La,Na,Ti,Fe,Nb,Mo,Be,W,Ag]"


def test_pymatgens_rule_is_what_pymatgen_says(space_settings):
    from pymatgen.core import Composition

    frame = make_space(space_settings(ELEMENTS)).candidates()
    sites = sites_of(frame, prototype_named("perovskite"))
    told = [bool(Composition(formula).oxi_state_guesses()) for formula in frame["formula"]]
    assert balanced(sites, "pymatgen").tolist() == told


def test_smacts_rule_is_what_smact_says_of_oxides(space_settings):
    screening = pytest.importorskip("smact.screening", reason="smact is not installed")
    frame = make_space(space_settings(ELEMENTS)).candidates()
    frame = frame[frame["A"] != frame["B"]].reset_index(drop=True)
    sites = sites_of(frame, prototype_named("perovskite"))
    told = [
        screening.smact_validity(formula, use_pauling_test=False, include_alloys=False)
        for formula in frame["formula"]
    ]
    found = balanced(sites, "smact")
    # smact lets oxygen be a peroxide, too
    assert np.array(told)[found].all()
    for row, own in zip(frame.itertuples(), found, strict=True):
        states = product(states_of(row.A, "smact"), states_of(row.B, "smact"))
        assert any(a + b == 6 for a, b in states) == own


def test_the_most_frequent_states_go_first():
    (first, *_) = balances(Compound(("Sr",), ("Ti",), "O"), {"A": 1, "B": 1, "X": 3}, "pymatgen")
    assert [charge.states for charge in first] == [((2,),), ((4,),)]


def test_shared_sites_add_up_their_elements():
    counts = {"A": 2, "B": 2, "X": 6}
    (first, *_) = balances(Compound(("Sr",), ("Fe", "Mo"), "O"), counts, "smact")
    assert first[0].total + first[1].total == 12
    frame = pd.DataFrame(
        {"A": ["Sr", "Na"], "B": ["Fe", "Na"], "B2": ["Mo", "Ag"], "X": ["O", "O"]}
    )
    sites = sites_of(frame, prototype_named("perovskite"))
    assert sites.counts == counts
    assert balanced(sites, "smact").tolist() == [True, False]


def test_a_whole_grid_is_one_product(space_settings):
    settings = space_settings("space=a2bbo6", ELEMENTS)
    space = make_space(settings)
    ways = {
        site: [tuple(np.array(space.elements[site])[way]) for way in space.ways(site)]
        for site in "AB"
    }
    on_a, on_b = (possible_totals(ways[site], 2, "pymatgen", 12) for site in "AB")
    grid = on_a @ on_b[:, ::-1].T
    sites = sites_of(space.candidates(), prototype_named("perovskite"))
    assert grid.ravel().tolist() == balanced(sites, "pymatgen").tolist()


def test_anions_have_their_lowest_common_state():
    assert [anion_state(each) for each in ("O", "F", "I", "S")] == [-2, -1, -1, -2]
    with pytest.raises(UserError, match="no negative oxidation state"):
        anion_state("Sr")


def test_an_unknown_rule_is_refused():
    with pytest.raises(UserError, match="charge_rule=pymatgn is unknown; did you mean pymatgen"):
        possible_totals([("Sr",)], 1, "pymatgn", 6)
