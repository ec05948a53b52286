from __future__ import annotations

import numpy as np
import pytest

from cetransfer.errors import UserError
from cetransfer.sweeps.batch import FRESH, INNER
from cetransfer.sweeps.folds import inner_splits, make_folds


@pytest.fixture
def data(make_domain):
    return make_domain("toy_target", 40, 2).data


@pytest.fixture
def folds_of(compose, data):
    return lambda *words: make_folds(data, compose(*words, "dataset.n_labelled=37", config="sweep"))


def test_every_labelled_row_is_in_one_outer_fold(folds_of):
    folds = folds_of()
    tested = np.concatenate([split.test for split in folds.outer])
    assert sorted(tested) == list(range(37))
    assert len(folds.outer) == 3
    for split in folds.outer:
        assert not set(split.train) & set(split.test)
        assert len(split.train) + len(split.test) == 37


@pytest.mark.parametrize("part", [INNER, FRESH])
def test_no_inner_fold_has_a_row_of_the_outer_one(folds_of, part):
    folds = folds_of()
    for outer, split in enumerate(folds.outer):
        inner = inner_splits(folds, outer, part, 4, seed=0)
        seen = {row for each in inner for row in (*each.train, *each.test)}
        assert not seen & set(split.test)
        assert sorted(np.concatenate([each.test for each in inner])) == sorted(split.train)


def test_inner_folds_are_trained_on_equally_many_rows(folds_of):
    sizes = {len(split.train) for split in inner_splits(folds_of(), 0, INNER, 5, seed=0)}
    assert len(sizes) == 1


def test_fresh_folds_are_other_folds(folds_of):
    folds = folds_of()
    first, fresh = (inner_splits(folds, 0, part, 4, seed=0) for part in (INNER, FRESH))
    assert not any(np.array_equal(a.test, b.test) for a in first for b in fresh)
    assert {split.repeat for split in first} != {split.repeat for split in fresh}


def test_fewer_labels_are_among_more_and_scored_on_the_same_rows(folds_of):
    folds = folds_of()
    few = inner_splits(folds, 0, INNER, 3, seed=0, n_labelled=5)
    more = inner_splits(folds, 0, INNER, 3, seed=0, n_labelled=9)
    for one, other in zip(few, more, strict=True):
        assert len(one.train) == 5
        assert set(one.train) < set(other.train)
        assert np.array_equal(one.test, other.test)


def test_groups_are_held_out_inside_too(folds_of, data):
    folds = folds_of("protocol=by_a")
    names = data.frame["A"].to_numpy()[folds.labelled]
    for outer, split in enumerate(folds.outer):
        assert not set(names[split.train]) & set(names[split.test])
        for inner in inner_splits(folds, outer, INNER, 2, seed=0):
            assert not set(names[inner.train]) & set(names[inner.test])


def test_without_outer_folds_trials_see_all_rows(folds_of):
    (split,) = folds_of("sweep.outer_folds=null").outer
    assert len(split.train) == 37
    assert len(split.test) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["protocol=draws"], "protocol=draws has no folds to nest a sweep in"),
        (["protocol=learning_curve"], "has no folds to nest"),
        (["protocol=by_a", "protocol.source_has_element=false"], "source_has_element=false"),
        (["sweep.outer_folds=38"], "38 is more than the 37 labelled rows"),
    ],
)
def test_a_protocol_that_cannot_be_nested_is_refused(folds_of, words, message):
    with pytest.raises(UserError, match=message):
        folds_of(*words)
