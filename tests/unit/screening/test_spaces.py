from __future__ import annotations

import pytest

from cetransfer.errors import UserError
from cetransfer.screening.spaces import make_space


@pytest.mark.parametrize(
    ("name", "count", "columns"),
    [
        ("abo3", 73 * 73, ("A", "B")),
        ("spinel", 73 * 73, ("A", "B")),
        ("a2bbo6", 73 * 2628, ("A", "B", "B2")),
        ("aabbo6", 6_906_384, ("A", "A2", "B", "B2")),
    ],
)
def test_the_spaces_have_the_sizes_that_their_names_promise(space_settings, name, count, columns):
    space = make_space(space_settings(f"space={name}"))
    assert (len(space), space.columns, space.mixed) == (count, columns, len(columns) > 2)


def test_every_pair_of_elements_is_a_candidate_once(space_settings):
    frame = make_space(space_settings()).candidates()
    assert list(frame.columns) == ["formula", "A", "B", "X"]
    assert len(frame) == 5329
    assert not frame.duplicated(["A", "B"]).any()
    assert {"SrTiO3", "YYO3", "CsBO3"} <= {*frame["formula"]}


@pytest.mark.parametrize(
    ("name", "formulas"),
    [
        ("abo3", ["FeFeO3", "FeMoO3", "MoFeO3", "MoMoO3"]),
        ("spinel", ["FeFe2O4", "FeMo2O4", "MoFe2O4", "MoMo2O4"]),
        ("a2bbo6", ["Fe2FeMoO6", "Mo2FeMoO6"]),
        ("aabbo6", ["FeMoFeMoO6"]),
    ],
)
def test_formulas_are_written_site_by_site(space_settings, name, formulas):
    space = make_space(space_settings(f"space={name}", "space.elements=[Fe,Mo]"))
    assert space.candidates()["formula"].tolist() == formulas


def test_each_site_may_have_elements_of_its_own(space_settings):
    space = make_space(
        space_settings("space=aabbo6", "space.elements_a=[Sr,La]", "space.elements_b=[Fe,Mo,Ti]")
    )
    assert space.candidates()["formula"].tolist() == [
        "SrLaFeMoO6",
        "SrLaFeTiO6",
        "SrLaMoTiO6",
    ]


def test_a_part_of_the_candidates_is_that_part_of_the_whole(space_settings):
    space = make_space(space_settings("space=a2bbo6", "space.elements=[Sr,Fe,Mo,Ti]"))
    whole, part = space.candidates(), space.candidates(5, 17)
    assert len(whole) == len(space) == 4 * 6
    assert part.equals(whole.iloc[5:17].reset_index(drop=True))


def test_too_many_candidates_for_one_table_are_refused(space_settings):
    with pytest.raises(UserError, match=r"6906384 candidates.*space\.elements="):
        make_space(space_settings("space=aabbo6")).candidates()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["space.elements=[Sr,Tl,Tx]"], r"space\.elements: 'Tx' is no element"),
        (["space.elements_b=[Ti,Ti]"], r"space\.elements_b: Ti occurs twice"),
        (["space.elements=[]"], r"space\.elements is empty"),
        (["space=a2bbo6", "space.elements=[Ti]"], "2 different elements share B, but only 1"),
        (["space.share_a=3"], r"space\.share_a=3 must be 1 or 2"),
        (["space.prototype=garnet"], "sites A, B, C, X"),
        (["space.prototype=spinnel"], "no prototype 'spinnel'; did you mean spinel"),
    ],
)
def test_a_space_that_cannot_be_is_refused(space_settings, words, message):
    with pytest.raises(UserError, match=message):
        make_space(space_settings(*words))
