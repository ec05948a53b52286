from __future__ import annotations

import dataclasses

import pytest

from cetransfer.datasets.dataset import Dataset
from cetransfer.errors import UserError
from cetransfer.evaluation.case import load_domains, refuse_equal, refuse_unlike
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


def test_labels_of_another_kind_or_unit_are_refused(target):
    refuse_unlike(target, target)
    frame = target.frame.rename(columns={"formation_energy": "bulk_modulus"})
    modulus = dataclasses.replace(target, frame=frame, quantity="bulk_modulus", unit="GPa")
    with pytest.raises(UserError, match=r"formation_energy in eV/atom, .* bulk_modulus in GPa"):
        refuse_unlike(target, modulus)
    with pytest.raises(UserError, match="with the keys quantity and unit"):
        refuse_unlike(dataclasses.replace(modulus, unit="bar"), modulus)


@pytest.mark.parametrize("names", [[], ["a", "b"]])
def test_a_comparison_takes_one_source(settings, tmp_path, names):
    settings.dataset.sources = {name: NamedData(name) for name in names}
    with pytest.raises(UserError, match=r"a comparison takes one: dataset/source=\[NAME\]"):
        load_domains(settings, tmp_path)
