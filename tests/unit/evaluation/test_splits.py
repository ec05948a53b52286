from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.errors import UserError
from cetransfer.evaluation.splits import (
    cross_validation,
    labelled_rows,
    make_members,
    whole,
)


def folded(rows, seed, folds=5, repeats=1):
    return cross_validation(rows, folds, repeats, seed)


@given(
    count=st.integers(2, 60),
    folds=st.integers(2, 12),
    repeats=st.integers(1, 3),
    seed=st.integers(0, 9),
)
def test_the_folds_of_a_repeat_cover_every_labelled_row_once(count, folds, repeats, seed):
    labelled = 3 * np.arange(max(count, folds))
    splits = folded(labelled, seed, folds, repeats)
    assert len(splits) == folds * repeats
    for repeat in range(repeats):
        own = [split for split in splits if split.repeat == repeat]
        assert [split.fold for split in own] == list(range(folds))
        tested = np.concatenate([split.test for split in own])
        assert sorted(tested) == labelled.tolist()
        sizes = [len(split.test) for split in own]
        assert max(sizes) - min(sizes) <= 1


@given(count=st.integers(5, 60), seed=st.integers(0, 9))
def test_no_row_is_both_trained_and_scored_on(count, seed):
    labelled = 7 + 2 * np.arange(count)
    for split in folded(labelled, seed):
        assert not set(split.train) & set(split.test)
        assert sorted([*split.train, *split.test]) == labelled.tolist()


def test_repeats_and_seeds_shuffle_anew():
    rows = np.arange(40)
    first, second = folded(rows, 0, 2, 2)[::2]
    other = folded(rows, 1, 2, 2)[0]
    assert not np.array_equal(first.test, second.test)
    assert not np.array_equal(first.test, other.test)


def test_the_same_seed_gives_the_same_folds():
    first, second = (folded(np.arange(40), 3) for _ in range(2))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, second, strict=True))


def test_the_first_repeat_is_the_same_however_many_follow():
    one = folded(np.arange(40), 0, repeats=1)
    many = folded(np.arange(40), 0, repeats=3)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(one, many, strict=False))


def test_more_folds_than_rows_are_refused():
    with pytest.raises(UserError, match=r"protocol\.folds=5 .* 4 labelled rows; give fewer folds"):
        folded(np.arange(4), 0)


def test_as_many_folds_as_rows_leave_one_out():
    splits = folded(np.arange(4), 0, folds=4)
    assert [len(split.test) for split in splits] == [1] * 4


@pytest.mark.parametrize("members", [1, 2, 5])
def test_consecutive_folds_pair_every_source_net_with_every_target_seed_once(members):
    folds = 2 * members if members > 1 else 2
    splits = folded(np.arange(40), 0, folds=folds)
    nets = make_members(splits, members)
    every = {(source, seed) for source in range(members) for seed in range(members)}
    for first in range(folds - members + 1):
        block = [net for net in nets if first <= net.split.fold < first + members]
        pairs = Counter((net.source, net.target_seed) for net in block)
        assert set(pairs) == every
        assert set(pairs.values()) == {1}


def test_every_split_has_every_source_net_and_every_target_seed():
    splits = folded(np.arange(40), 0)
    rest = whole(np.arange(40), 50)
    for split in (*splits, rest):
        own = [net for net in make_members([*splits, rest], 5) if net.split is split]
        assert [net.number for net in own] == list(range(5))
        assert sorted(net.source for net in own) == list(range(5))
        assert sorted(net.target_seed for net in own) == list(range(5))


def dealt(splits, members, source_nets):
    """Return how often each pair of source net and target seed occurs."""
    nets = make_members(splits, members, source_nets)
    return Counter((net.source, net.target_seed) for net in nets)


@pytest.mark.parametrize("members", [1, 2, 5])
def test_without_a_number_there_are_as_many_source_nets_as_members(members):
    splits = [*folded(np.arange(40), 0, folds=10, repeats=2), whole(np.arange(40), 50)]
    assert make_members(splits, members) == make_members(splits, members, members)
    assert all(net.source == net.number for net in make_members(splits, members))


@pytest.mark.parametrize(
    ("members", "source_nets", "folds"),
    [(4, 2, 4), (6, 3, 12), (5, 1, 5), (5, 2, 10), (3, 2, 6), (5, 10, 10), (2, 4, 8), (1, 4, 4)],
)
def test_any_number_of_source_nets_meets_every_target_seed_equally_often(
    members, source_nets, folds
):
    pairs = dealt(folded(np.arange(40), 0, folds=folds), members, source_nets)
    assert set(pairs) == {(net, seed) for net in range(source_nets) for seed in range(members)}
    assert len(set(pairs.values())) == 1


@given(members=st.integers(1, 6), source_nets=st.integers(1, 12), folds=st.integers(2, 12))
def test_a_fold_uses_its_source_nets_as_equally_as_it_can(members, source_nets, folds):
    splits = folded(np.arange(40), 0, folds=folds)
    for split in splits:
        own = [m for m in make_members(splits, members, source_nets) if m.split is split]
        times = Counter(net.source for net in own)
        assert len(times) == min(members, source_nets)
        assert max(times.values()) - min(times.values()) <= 1
        assert max(times) < source_nets


def test_repeats_go_on_to_source_nets_that_none_before_them_used():
    nets = make_members(folded(np.arange(40), 0, folds=5, repeats=2), 5, 10)
    used = {
        repeat: {net.source for net in nets if net.split.repeat == repeat} for repeat in range(2)
    }
    assert used == {0: set(range(5)), 1: set(range(5, 10))}


def test_every_held_set_has_source_nets_of_its_own_number():
    splits = [
        dataclasses.replace(split, held=frozenset({f"held {split.fold}"}))
        for split in folded(np.arange(40), 0, folds=3)
    ]
    nets = make_members(splits, 4, 2)
    for net in nets:
        assert net.source == 2 * net.split.fold + net.number % 2


def test_labelled_rows_are_a_sorted_draw_without_repetition():
    rows = labelled_rows(100, 30, 0)
    assert len(set(rows)) == 30
    assert rows.tolist() == sorted(rows)
    assert 0 <= rows.min() <= rows.max() < 100


def test_another_draw_labels_other_rows_and_the_same_draw_the_same():
    assert np.array_equal(labelled_rows(100, 30, 0), labelled_rows(100, 30, 0))
    assert not np.array_equal(labelled_rows(100, 30, 0), labelled_rows(100, 30, 1))


def test_the_seed_of_a_run_does_not_choose_the_labelled_rows(settings, make_case):
    first = make_case(settings)
    settings.seed = 5
    second = make_case(settings)
    assert np.array_equal(first.labelled, second.labelled)
    assert not np.array_equal(first.splits[0].test, second.splits[0].test)


def test_without_a_number_all_rows_are_labelled():
    assert labelled_rows(7, None, 3).tolist() == list(range(7))
    assert labelled_rows(7, 7, 3).tolist() == list(range(7))


@pytest.mark.parametrize("count", [0, -1, 8])
def test_a_number_of_labelled_rows_that_cannot_be_is_refused(count):
    with pytest.raises(UserError, match=rf"dataset\.n_labelled={count}: give 1 to 7"):
        labelled_rows(7, count, 0)


def test_the_unseen_rows_are_those_without_a_label():
    split = whole(np.array([0, 2, 5]), 6)
    assert split.fold is None
    assert split.train.tolist() == [0, 2, 5]
    assert split.test.tolist() == [1, 3, 4]
    assert whole(np.arange(6), 6) is None
