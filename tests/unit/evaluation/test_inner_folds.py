from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.evaluation.inner_folds import inner_folds
from cetransfer.evaluation.splits import Split


def split_of(train, test=(), groups=()):
    return Split(0, 0, np.array(train), np.array(test, np.int64), groups=groups)


def folds_of(split, groups=None, folds=3, seed=0):
    return inner_folds(split, groups, folds, np.random.default_rng(seed))


@given(count=st.integers(2, 40), folds=st.integers(2, 6), seed=st.integers(0, 9))
def test_every_training_row_is_scored_once_and_never_by_what_was_trained_on_it(count, folds, seed):
    train = 3 + 2 * np.arange(count)
    found = folds_of(split_of(train, [0, 1]), folds=folds, seed=seed)
    assert len(found) == min(folds, count)
    assert sorted(np.concatenate([test for _, test in found])) == train.tolist()
    for own, test in found:
        assert len(own)
        assert not set(own) & set(test)
        assert sorted([*own, *test]) == train.tolist()


def test_one_row_cannot_be_split():
    assert folds_of(split_of([4])) == []


def test_where_the_split_holds_out_groups_so_do_the_inner_folds():
    groups = [(f"g{row % 5}",) for row in range(30)]
    train = [row for row in range(30) if row % 5]
    split = split_of(train, [0, 5], (("g0",), ("g0",)))
    found = folds_of(split, groups)
    assert len(found) == 3
    for own, test in found:
        assert not {groups[row] for row in own} & {groups[row] for row in test}
        assert ("g0",) not in {groups[row] for row in (*own, *test)}
    assert sorted(np.concatenate([test for _, test in found])) == train


def test_rows_in_several_groups_are_scored_by_each_fold_that_holds_one_of_them():
    groups = [("a", "b"), ("c", "d"), ("e", "f"), ("a", "c")]
    found = folds_of(split_of(range(4), [9], (("z",),)), [*groups, *[("z",)] * 6])
    for own, test in found:
        held = {name for row in test for name in groups[row]}
        assert own.size
        assert all(set(groups[row]) <= held | set(groups[row]) for row in own)
        assert not set(own) & set(test)


def test_one_group_alone_is_split_by_chance():
    found = folds_of(split_of(range(6), [9], (("b",),)), [*[("a",)] * 6, *[("b",)] * 4])
    assert [len(test) for _, test in found] == [2, 2, 2]


def test_a_split_that_holds_out_no_group_is_split_by_chance():
    groups = [("a",), ("b",)] * 3
    found = folds_of(split_of(range(6)), groups)
    assert len(found) == 3


@pytest.mark.parametrize("groups", [None, [(f"g{row % 6}",) for row in range(30)]])
def test_the_same_random_numbers_give_the_same_folds(groups):
    split = split_of(range(20), [25], (("g1",),) if groups else ())
    first, second = folds_of(split, groups, seed=4), folds_of(split, groups, seed=4)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))
