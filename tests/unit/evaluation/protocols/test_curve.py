from __future__ import annotations

import numpy as np
import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.protocols.curve import limited, shared_training
from cetransfer.evaluation.splits import Split


@pytest.fixture
def layout_of(compose, make_domain):
    def layout(*overrides, rows=140):
        settings = compose("protocol=learning_curve", *overrides)
        return make_protocol(settings).layout(make_domain("toy", rows, 0).data, settings)

    return layout


def test_sizes_are_cut_down_to_what_there_is():
    assert limited([25, 50, 100], 60) == [25, 50, 60]
    assert limited([25, 50, 100], 100) == [25, 50, 100]
    assert limited([25, 50], 20) == [20]


def test_every_size_has_every_draw_and_smaller_sets_lie_in_larger_ones(layout_of):
    layout = layout_of("protocol.sizes=[3,6,12]")
    assert len(layout.splits) == 3 * 5
    for draw in range(5):
        own = [split for split in layout.splits if split.fold == draw]
        assert [split.size for split in own] == [len(split.train) for split in own] == [3, 6, 12]
        assert [split.part for split in own] == ["size_3", "size_6", "size_12"]
        assert set(own[0].train) < set(own[1].train) < set(own[2].train)
    assert len({split.train.tobytes() for split in layout.splits}) == 15


def test_where_many_rows_are_left_all_draws_are_tested_on_them(layout_of):
    layout = layout_of("protocol.sizes=[3,6,12]")
    rest = np.setdiff1d(np.arange(140), layout.labelled)
    assert len(rest) >= 12
    assert all(np.array_equal(split.test, rest) for split in layout.splits)
    assert layout.part == "size_12"
    assert layout.words == (
        f"5 draws of 12 labelled rows (largest of 3 sizes), tested on {len(rest)} others"
    )


def test_where_few_rows_are_left_each_draw_has_a_held_out_fold(layout_of):
    layout = layout_of("protocol.sizes=[25,855]")
    assert {split.size for split in layout.splits} == {25, 126}
    tests = [split.test for split in layout.splits if split.size == 25]
    assert [len(test) for test in tests] == [14] * 5
    assert len(set(np.concatenate(tests))) == 70
    for split in layout.splits:
        assert not set(split.train) & set(split.test)
        assert np.array_equal(split.test, tests[split.fold])
    assert layout.words.endswith("tested on held-out folds of 14")
    assert layout.notes == ()


def test_more_draws_than_folds_take_folds_of_another_order(layout_of):
    layout = layout_of("protocol.sizes=[855]", "protocol.folds=2", "protocol.draws=5")
    assert len({split.test.tobytes() for split in layout.splits}) == 5
    assert "sizes" not in layout.words


def test_another_first_draw_labels_other_rows(layout_of):
    first = layout_of("protocol.sizes=[12]").splits
    later = layout_of("protocol.sizes=[12]", "dataset.draw=1").splits
    assert not np.array_equal(first[0].train, later[0].train)
    # draw 1 is the same one, whichever is the first
    assert np.array_equal(first[1].train, later[0].train)


def test_too_few_draws_are_refused(layout_of):
    with pytest.raises(UserError, match=r"protocol\.draws=4 .* give 5 or more"):
        layout_of("protocol.draws=4")


def draw(*train, test=range(100, 140)):
    return Split(0, 0, np.array(train), np.array(test))


def test_draws_that_share_no_rows_are_independent():
    assert shared_training([draw(0, 1), draw(2, 3), draw(4, 5)]) == 0.0


def test_draws_that_share_half_of_their_rows_are_correlated_by_half():
    # r / (1 - r) of r = 1/2
    assert shared_training([draw(0, 1), draw(1, 2)]) == pytest.approx(1.0)
    # of three pairs one shares half its rows: r = 1/6
    assert shared_training([draw(0, 1), draw(1, 2), draw(3, 4)]) == pytest.approx(0.2)


def test_draws_that_share_nearly_all_rows_are_like_folds():
    whole = np.arange(100)
    splits = [draw(*np.delete(whole, range(k, k + 10)), test=range(k, k + 10)) for k in (0, 10, 20)]
    assert shared_training(splits) == pytest.approx(10 / 90)
    assert shared_training([splits[0]] * 3) == pytest.approx(10 / 90)


@pytest.mark.parametrize(("rows", "common"), [(140, True), (30, False)])
def test_every_size_has_a_judge_that_knows_what_its_draws_share(layout_of, rows, common):
    layout = layout_of("protocol.sizes=[3,6,12]", rows=rows)
    judges = [layout.judge_of(f"size_{size}") for size in (3, 6, 12)]
    assert layout.judge is judges[-1]
    assert all(judge.common == common for judge in judges)
    for size, judge in zip((3, 6, 12), judges, strict=True):
        own = [split for split in layout.splits if split.size == size]
        assert judge.test_to_train == shared_training(own)
    # larger draws share more
    assert 0.0 <= judges[0].test_to_train < judges[2].test_to_train
