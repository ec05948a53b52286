from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.training.batches import StackData, draw_batches, steps_for


def generators(count, first=0):
    return [np.random.default_rng(first + member) for member in range(count)]


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    epochs=st.integers(1, 5),
    batch_size=st.integers(1, 50),
)
def test_every_member_draws_from_its_own_rows_only(sizes, epochs, batch_size):
    rows = [1000 * member + np.arange(size) for member, size in enumerate(sizes)]
    steps = steps_for(rows, epochs, batch_size)
    batches = draw_batches(rows, steps, batch_size, generators(len(rows)))
    assert batches.shape == (steps, len(rows), min(batch_size, *sizes, 50))
    for member, index in enumerate(rows):
        assert set(batches[:, member].ravel()) <= set(index)


def test_every_row_comes_once_per_pass():
    rows = [np.arange(12), np.arange(50, 62)]
    batches = draw_batches(rows, steps_for(rows, 3, 4), 4, generators(2))
    for member, index in enumerate(rows):
        passes = batches[:, member].reshape(3, 12)
        assert all(sorted(one) == index.tolist() for one in passes)
        assert not np.array_equal(passes[0], passes[1])


def test_a_pass_that_does_not_fill_its_last_batch_runs_on_into_the_next():
    rows = [np.arange(10)]
    stream = draw_batches(rows, 5, 4, generators(1)).ravel()
    assert sorted(stream[:10]) == sorted(stream[10:]) == list(range(10))


def test_members_of_unequal_size_take_equal_steps():
    rows = [np.arange(20), np.arange(21)]
    steps = steps_for(rows, 10, 7)
    assert steps == 30
    assert draw_batches(rows, steps, 7, generators(2)).shape == (30, 2, 7)


@pytest.mark.parametrize(
    ("rows", "epochs", "batch_size", "steps"),
    [(100, 3, 10, 30), (101, 3, 10, 31), (5, 3, 10, 3), (1, 1, 1, 1)],
)
def test_the_steps_give_the_largest_member_all_its_passes(rows, epochs, batch_size, steps):
    assert steps_for([np.arange(rows), np.arange(1)], epochs, batch_size) == steps


def test_a_member_draws_the_same_in_any_stack():
    rows = [np.arange(10 * member, 10 * member + 10) for member in range(5)]
    together = draw_batches(rows, 6, 4, generators(5))
    alone = draw_batches(rows[3:4], 6, 4, generators(1, first=3))
    assert np.array_equal(together[:, 3], alone[:, 0])


def test_the_steps_are_served_in_their_order():
    batches = draw_batches([np.arange(9), np.arange(9)], 4, 3, generators(2))
    served = [step.numpy() for step in StackData(batches).train_dataloader()]
    assert np.array_equal(np.stack(served), batches)
