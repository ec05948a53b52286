from __future__ import annotations

import numpy as np
import pytest

from cetransfer.structures.packed import join, pack
from cetransfer.structures.prototypes import PROTOTYPES


def structures():
    spinel = PROTOTYPES["spinel"].structure({"A": "Y", "B": "Y", "X": "O"}, 9.0)
    perovskite = PROTOTYPES["perovskite"].structure({"A": "Sr", "B": "Ti", "X": "O"}, 3.9)
    return [spinel, perovskite, perovskite * (2, 1, 1)]


def test_structures_come_out_as_they_went_in():
    packed = pack(structures())
    assert len(packed) == 3
    assert packed.sizes.tolist() == [14, 5, 10]
    for before, after in zip(structures(), packed, strict=True):
        assert after == before
        assert after.site_properties["role"] == before.site_properties["role"]
    assert packed[-1] == structures()[2]
    with pytest.raises(IndexError):
        packed[3]


def test_parts_and_joins_keep_what_belongs_together():
    packed = pack(structures())
    assert packed.take(np.array([2, 0]))[0] == structures()[2]
    assert packed[1:].digest == pack(structures()[1:]).digest
    assert join([packed[:1], packed[1:]]).digest == packed.digest
    assert len(join([])) == len(pack([])) == 0


def test_a_place_may_be_empty():
    packed = pack([None, structures()[1]])
    assert packed.sizes.tolist() == [0, 5]
    assert packed.elements() == [{}, {"A": "Sr", "B": "Ti", "X": "O"}]
    assert packed.take(np.array([1]))[0] == structures()[1]


def test_roles_say_elements_and_formula():
    doubled = structures()[2]
    doubled.replace(0, "Ba", properties={"role": "A"})
    packed = pack([structures()[0], doubled])
    assert packed.elements() == [
        {"A": "Y", "B": "Y", "X": "O"},
        {"A": "Sr,Ba", "B": "Ti", "X": "O"},
    ]
    assert packed.formulas() == [("YY2O4", 7), ("SrBaTi2O6", 10)]


def test_equal_structures_have_equal_digests_and_others_have_not():
    one, other = structures()[1], structures()[1]
    other.translate_sites([0], [1e-7, 0, 0])
    third = structures()[1]
    third.translate_sites([0], [1e-3, 0, 0])
    first, second, moved = pack([one, other, third]).digests()
    assert first == second
    assert first != moved
