from __future__ import annotations

import dataclasses

import pytest

from cetransfer.datasets.dataset import Dataset
from cetransfer.errors import UserError
from cetransfer.evaluation.case import refuse_equal, refuse_unlike, source_order
from cetransfer.settings import NamedData


@pytest.fixture
def target(settings, make_case):
    return make_case(settings).target.data


def test_a_source_that_is_the_target_is_refused(target):
    with pytest.raises(UserError, match="toy_target and target toy_target are the same table"):
        refuse_equal(target, target)


def test_the_order_of_the_rows_and_the_name_do_not_hide_it(target):
    shuffled = target.frame.sample(frac=1.0, random_state=0).reset_index(drop=True)
    copy = Dataset("another_name", shuffled, target.prototype, {})
    with pytest.raises(UserError, match="another_name and target toy_target are the same table"):
        refuse_equal(copy, target)


def test_other_labels_make_it_another_table(target):
    frame = target.frame.copy()
    frame.loc[0, "formation_energy"] += 0.1
    refuse_equal(dataclasses.replace(target, frame=frame), target)


@pytest.mark.parametrize(
    ("order", "found"),
    [(None, ["a", "b", "c"]), (["c", "a", "b"], ["c", "a", "b"])],
)
def test_sources_come_as_listed_or_in_the_order_asked_for(settings, order, found):
    settings.dataset.sources = {name: NamedData(name) for name in ("a", "b", "c")}
    settings.dataset.order = order
    assert source_order(settings.dataset) == found


@pytest.mark.parametrize("order", [["a"], ["a", "a"], ["a", "b", "c"], []])
def test_an_order_must_name_each_source_once(settings, order):
    settings.dataset.sources = {name: NamedData(name) for name in ("a", "b")}
    settings.dataset.order = order
    with pytest.raises(UserError, match=r"dataset.order=\[.*\] must name each source once: a, b"):
        source_order(settings.dataset)


def test_a_comparison_needs_a_source(settings):
    settings.dataset.sources = {}
    with pytest.raises(UserError, match=r"there is no source; give dataset/source=\[NAME\]"):
        source_order(settings.dataset)


def test_labels_of_another_kind_or_unit_are_refused(target):
    refuse_unlike(target, target)
    frame = target.frame.rename(columns={"formation_energy": "bulk_modulus"})
    modulus = dataclasses.replace(target, frame=frame, quantity="bulk_modulus", unit="GPa")
    with pytest.raises(UserError, match=r"formation_energy in eV/atom, .* bulk_modulus in GPa"):
        refuse_unlike(target, modulus)
    with pytest.raises(UserError, match="with the keys quantity and unit"):
        refuse_unlike(dataclasses.replace(modulus, unit="bar"), modulus)
