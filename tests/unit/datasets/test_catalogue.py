from __future__ import annotations

import pytest

from cetransfer.datasets.catalogue import entry, load, names, register
from cetransfer.errors import UserError

SHIPPED = {"li2023_spinel", "li2023_perovskite", "surrogate_spinel", "surrogate_perovskite"}


def test_the_catalogue_finds_the_loaders_of_the_package():
    assert set(names()) >= SHIPPED


def test_a_misspelt_name_gets_the_nearest_match(tmp_path):
    with pytest.raises(UserError, match="did you mean li2023_spinel"):
        load("li2023_spinell", root=tmp_path)


def test_a_name_like_no_other_gets_the_list(tmp_path):
    with pytest.raises(UserError, match=r"no data set 'zzz'; known: .*surrogate_spinel"):
        load("zzz", root=tmp_path)


def test_a_data_set_that_takes_more_than_its_name_says_so(tmp_path):
    with pytest.raises(UserError, match=r"tabular takes more .* dataset/target=tabular"):
        load("tabular", root=tmp_path)


def test_a_name_can_be_taken_once_only():
    names()
    with pytest.raises(ValueError, match="registered twice"):
        register("li2023_spinel", entry("li2023_spinel"))(lambda **_: None)
