from __future__ import annotations

import pytest
from pymatgen.core import Composition

from cetransfer.datasets.materials_project.query import Query, anonymous_formula, query_for
from cetransfer.errors import UserError
from cetransfer.settings import MaterialsProjectQuery
from cetransfer.structures.prototypes import PROTOTYPES

PEROVSKITE = PROTOTYPES["perovskite"]


def query(chemsys=None, space_group="prototype", prototype=PEROVSKITE):
    return query_for(MaterialsProjectQuery(chemsys, space_group), prototype, "dataset.target.query")


@pytest.mark.parametrize("prototype", PROTOTYPES.values(), ids=list(PROTOTYPES))
def test_the_formula_is_anonymous_as_pymatgen_writes_it(prototype):
    written = prototype.formula(dict(zip("ABC", ("Sr", "Ti", "Nb"), strict=True)))
    assert anonymous_formula(prototype) == Composition(written).anonymized_formula


def test_nothing_but_a_prototype_asks_for_its_formula_and_space_group():
    assert query() == Query("ABC3", (), 221)
    assert str(query()) == "formula ABC3, space group 221"


def test_equal_queries_are_written_in_one_way():
    first, second = query(["Sr-Ti-O", "O-Ba-Ti"]), query(["Ba - Ti - O", "Ti-Sr-O", "O-Sr-Ti"])
    assert first == second == Query("ABC3", ("Ba-O-Ti", "O-Sr-Ti"), 221)
    assert first.digest == second.digest
    assert first.digest != query(["Sr-Ti-O"]).digest
    assert str(first) == "formula ABC3, chemical system Ba-O-Ti or O-Sr-Ti, space group 221"


def test_the_digest_names_files_and_stays():
    assert Query("ABC3").digest == "615bf7e09495"


def test_one_chemical_system_needs_no_list():
    assert query("Sr-Ti-O") == query(["Sr-Ti-O"])
    assert query("*-*-O").chemsys == ("*-*-O",)


def test_a_space_group_is_a_number_or_a_word():
    assert query(space_group="62").space_group == 62
    assert query(space_group="any").space_group is None


@pytest.mark.parametrize(
    ("chemsys", "space_group", "message"),
    [
        (["Sr-Tj-O"], "any", r"query\.chemsys=Sr-Tj-O: 'Tj' is no element; write Sr-Ti-O"),
        (["SrTiO3"], "any", "'SrTiO3' is no element"),
        ([True], "any", "'True' is no element"),
        ([["Sr-Ti-O"]], "any", "is no element"),
        (["Sr-O"], "any", r"Sr-O has 2 elements, prototype perovskite \(ABO3\) 3; give as many"),
        (["*-*-O", "Sr-Ti-O"], "any", r"\* is allowed in a single chemical system only"),
        (None, "231", "space_group=231 is no space group; give a number from 1 to 230"),
        (None, "Pm-3m", "space_group=Pm-3m is no space group"),
        (None, "-1", "space_group=-1 is no space group"),
    ],
)
def test_what_no_entry_can_answer_is_refused(chemsys, space_group, message):
    with pytest.raises(UserError, match=message):
        query(chemsys, space_group)
