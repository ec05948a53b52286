from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.errors import UserError
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.protocols.draws import disjoint_draws


@given(
    draws=st.integers(2, 8),
    size=st.integers(1, 12),
    more=st.integers(1, 30),
    first=st.integers(0, 200),
)
def test_draws_share_no_row_with_each_other_or_the_rest(draws, size, more, first):
    rows = draws * size + more
    pieces, rest = disjoint_draws(rows, draws, size, first)
    assert [len(piece) for piece in pieces] == [size] * draws
    assert len(rest) == more
    assert sorted(np.concatenate([*pieces, rest])) == list(range(rows))
    again, _ = disjoint_draws(rows, draws, size, first)
    assert all(np.array_equal(a, b) for a, b in zip(pieces, again, strict=True))


def test_further_draws_leave_the_first_ones_as_they_are():
    few, _ = disjoint_draws(100, 2, 10, 3)
    many, _ = disjoint_draws(100, 7, 10, 3)
    assert all(np.array_equal(a, b) for a, b in zip(few, many, strict=False))


def test_another_first_draw_is_another_order_of_rows():
    one, _ = disjoint_draws(100, 2, 10, 0)
    other, _ = disjoint_draws(100, 2, 10, 1)
    assert not np.array_equal(one[0], other[0])


@pytest.fixture
def layout_of(compose, make_domain):
    def layout(*overrides):
        settings = compose("protocol=draws", *overrides)
        return make_protocol(settings).layout(make_domain("toy", 100, 0).data, settings)

    return layout


def test_every_draw_is_trained_on_and_tested_on_the_rows_of_none(layout_of):
    layout = layout_of("dataset.n_labelled=12")
    assert [split.fold for split in layout.splits] == [0, 1, 2, 3, 4]
    assert {split.part for split in layout.splits} == {layout.part} == {"draw"}
    assert len(layout.labelled) == 60
    for split in layout.splits:
        assert len(split.train) == 12
        assert not set(split.test) & set(layout.labelled)
    assert layout.words == "5 draws of 12 labelled rows, tested on 40"
    assert layout.notes == ()


def test_the_seed_of_a_run_does_not_choose_the_draws(layout_of):
    first, second = (layout_of("dataset.n_labelled=12", f"seed={seed}") for seed in (0, 1))
    assert np.array_equal(first.labelled, second.labelled)


def test_few_draws_are_said_to_be_few(layout_of):
    layout = layout_of("dataset.n_labelled=12", "protocol.draws=3")
    assert layout.notes == ("3 draws are few for a test; give protocol.draws=5",)


@pytest.mark.parametrize("size", [20, 21, 0])
def test_draws_that_leave_nothing_to_test_on_are_refused(layout_of, size):
    with pytest.raises(UserError, match=rf"draws=5 times dataset\.n_labelled={size}.*give 1 to 19"):
        layout_of(f"dataset.n_labelled={size}")


def test_a_draw_needs_a_size(layout_of):
    with pytest.raises(UserError, match=r"give dataset\.n_labelled=N"):
        layout_of("dataset.n_labelled=null")
