from __future__ import annotations

import pytest

from cetransfer.errors import UserError
from cetransfer.features.variants import VARIANTS, variant_named

WIDTHS = {
    "a": 56, "b": 56, "ab": 56, "ab_ab": 112, "ab_ce": 112, "a_ce": 112, "b_ce": 112,
    "ab_cece": 224, "abx_abx": 168, "abx_cecece": 336,
}  # fmt: skip


def test_the_ten_variants_have_the_published_widths():
    properties = tuple(f"p{i}" for i in range(1, 57))
    assert {name: len(v.columns(properties)) for name, v in VARIANTS.items()} == WIDTHS


def test_column_names_are_unique_and_name_block_and_property():
    for variant in VARIANTS.values():
        columns = variant.columns(("p1", "p2"))
        assert len(set(columns)) == len(columns)
    assert VARIANTS["ab_cece"].columns(("p1",)) == ("C_A:p1", "E_A:p1", "C_B:p1", "E_B:p1")


def test_ab_sums_all_terms_of_both_cations():
    assert VARIANTS["ab"].combination().tolist() == [[[1, 1], [1, 1]]]


def test_ab_ce_keeps_centres_and_environments_apart():
    assert VARIANTS["ab_ce"].combination().tolist() == [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]


def test_an_unknown_variant_is_refused_with_the_allowed_names():
    with pytest.raises(UserError, match=r"features\.variant=ba is unknown; .*allowed: a, b, ab"):
        variant_named("ba")
