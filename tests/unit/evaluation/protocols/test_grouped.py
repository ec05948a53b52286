from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetransfer.datasets.dataset import Dataset
from cetransfer.errors import UserError
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.protocols.grouped import hold_out, pack

BY_SITE = {"by_a": "A", "by_b": "B"}


@pytest.fixture
def layout_of(compose, make_domain):
    """Call with a protocol and overrides to get the layout of 100 rows of 12 elements."""

    def layout(kind, *overrides, data=None):
        settings = compose(f"protocol={kind}", "dataset.n_labelled=90", *overrides)
        data = make_domain("toy", 100, 0).data if data is None else data
        return make_protocol(settings).layout(data, settings), data

    return layout


def folds(layout):
    return [split for split in layout.splits if split.fold is not None]


@given(
    rows=st.lists(
        st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=3, unique=True),
        min_size=1,
        max_size=60,
    ),
    count=st.integers(2, 6),
    seed=st.integers(0, 5),
)
def test_every_group_is_packed_into_one_fold_and_never_trained_on_there(rows, count, seed):
    groups = [tuple(row) for row in rows]
    packed = pack(groups, count, np.random.default_rng(seed))
    assert len(packed) == count
    names = [name for held in packed for name in held]
    assert sorted(names) == sorted({name for row in rows for name in row})
    assert packed == pack(groups, count, np.random.default_rng(seed))
    labelled = 2 * np.arange(len(rows))
    spread = [group for group in groups for _ in (0, 1)]
    for fold, held in enumerate(packed):
        split = hold_out(labelled, spread, held, 0, fold)
        assert sorted([*split.train, *split.test]) == labelled.tolist()
        assert not {name for row in split.train for name in spread[row]} & held
        assert all(own and set(own) <= held for own in split.groups)
        assert len(split.groups) == len(split.test)


@given(sizes=st.lists(st.integers(1, 9), min_size=4, max_size=20), seed=st.integers(0, 5))
def test_folds_differ_by_no_more_rows_than_the_largest_group_has(sizes, seed):
    groups = [(f"{name}",) for name, size in enumerate(sizes) for _ in range(size)]
    packed = pack(groups, 3, np.random.default_rng(seed))
    filled = [sum(sizes[int(name)] for name in held) for held in packed]
    assert max(filled) - min(filled) <= max(sizes)


@pytest.mark.parametrize("kind", BY_SITE)
def test_elements_held_out_on_a_site_are_not_trained_on_there(layout_of, kind):
    layout, data = layout_of(kind, "protocol.folds=4", "protocol.repeats=2")
    column = data.frame[BY_SITE[kind]]
    for split in folds(layout):
        assert not set(column.iloc[split.train]) & set(column.iloc[split.test])
        assert split.groups == tuple((name,) for name in column.iloc[split.test])
        assert split.held == frozenset()
    for repeat in (0, 1):
        own = [split.test for split in folds(layout) if split.repeat == repeat]
        assert sorted(np.concatenate(own)) == layout.labelled.tolist()


def test_elements_held_out_on_all_sites_stand_in_no_training_row(layout_of):
    layout, data = layout_of("by_element", "protocol.folds=4")
    sites = data.frame[["A", "B"]]
    scored = np.zeros(len(data.frame), int)
    for split in folds(layout):
        held = {name for row in split.groups for name in row}
        assert not held & set(sites.iloc[split.train].to_numpy().ravel())
        assert all(set(sites.iloc[row]) & held for row in split.test)
        scored[split.test] += 1
    elements = [set(row) for row in sites.itertuples(index=False)]
    # once for every fold that one of its elements is held out in: one or two
    assert set(scored[layout.labelled]) == {1, 2}
    assert all(scored[row] == 1 for row in layout.labelled if len(elements[row]) == 1)


def test_both_orders_of_a_pair_are_held_out_together(layout_of):
    layout, data = layout_of("by_pair", "protocol.folds=4")
    pairs = [frozenset(row) for row in data.frame[["A", "B"]].itertuples(index=False)]
    for split in folds(layout):
        assert not {pairs[row] for row in split.train} & {pairs[row] for row in split.test}


def with_groups(data, groups):
    return Dataset(data.name, data.frame.assign(group=groups), data.prototype, data.hashes)


def test_the_users_groups_are_held_out_whole(layout_of, make_domain):
    names = [f"batch {row % 7}" for row in range(100)]
    data = with_groups(make_domain("toy", 100, 0).data, names)
    layout, _ = layout_of("by_group", "protocol.folds=6", data=data)
    for split in folds(layout):
        assert not {names[row] for row in split.train} & {names[row] for row in split.test}
    # rows of one group are kin, whatever their elements
    assert layout.judge.kin.names == 7
    related = layout.judge.kin.related.toarray()[np.ix_(*[layout.judge.kin.family] * 2)]
    alike = np.array(names)[:, None] == np.array(names)
    assert related[alike].all()
    assert not related.all()
    assert layout.words == "6 folds of held-out groups, 90 labelled rows"
    assert layout.notes == ()


def test_too_few_folds_for_any_verdict_are_said_to_be(layout_of):
    layout, _ = layout_of("by_a", "protocol.folds=5")
    (note,) = layout.notes
    assert note == (
        "5 folds are too few for p < 0.05, whatever they say, and the interval is that of a t; "
        "give 6 or more (protocol.folds times protocol.repeats)"
    )
    assert layout_of("by_a", "protocol.folds=5", "protocol.repeats=2")[0].notes == ()


def test_a_table_without_groups_is_refused_by_group(layout_of):
    with pytest.raises(UserError, match="data set toy has no column group, which protocol=by_gro"):
        layout_of("by_group")


def test_a_row_without_a_group_is_named(layout_of, make_domain):
    names = pd.Series(["x"] * 100).where(np.arange(100) != 41)
    with pytest.raises(UserError, match="row 42 has no group"):
        layout_of("by_group", data=with_groups(make_domain("toy", 100, 0).data, names))


def test_more_folds_than_elements_are_refused(layout_of):
    with pytest.raises(
        UserError, match=r"folds=20 is more than the \d+ A elements of the labelled"
    ):
        layout_of("by_a", "protocol.folds=20")


def test_a_fold_that_leaves_nothing_to_train_on_is_refused(layout_of, make_domain):
    frame = make_domain("toy", 3, 0).data.frame
    data = Dataset("toy", frame, "perovskite", {})
    with pytest.raises(UserError, match=r"rows are left to train on without Li.*give more folds"):
        layout_of("by_element", "protocol.folds=2", "dataset.n_labelled=null", data=data)


def test_a_prototype_without_the_site_is_refused(layout_of):
    frame = pd.DataFrame({"formula": ["LiO", "NaO"], "A": ["Li", "Na"], "X": "O"})
    data = Dataset("salt", frame.assign(formation_energy=-1.0), "rocksalt", {})
    with pytest.raises(UserError, match="salt has no site B, only A, X"):
        layout_of("by_b", "dataset.n_labelled=null", data=data)


def test_with_open_site_orders_no_site_can_be_held_out(layout_of):
    with pytest.raises(UserError, match=r"site_order=both.*choose protocol=by_element"):
        layout_of("by_a", "dataset.site_order=both")


@pytest.mark.parametrize("kind", [*BY_SITE, "by_element"])
def test_elements_can_be_held_out_from_the_source_too(layout_of, kind):
    layout, _ = layout_of(kind, "protocol.folds=4", "protocol.source_has_element=false")
    for split in folds(layout):
        assert split.held == {name for row in split.groups for name in row}
    assert layout.splits[-1].held == frozenset()
    assert "new to the source too" in layout.words


def test_another_seed_packs_other_folds_and_the_same_seed_the_same(layout_of):
    tests = [
        [
            split.test.tolist()
            for split in layout_of("by_a", "protocol.folds=4", f"seed={s}")[0].splits
        ]
        for s in (0, 0, 1)
    ]
    assert tests[0] == tests[1] != tests[2]


def test_the_judge_knows_what_folds_share(layout_of):
    layout, data = layout_of("by_element", "protocol.folds=4", "protocol.repeats=2")
    ratios = [len(split.test) / len(split.train) for split in folds(layout)]
    assert layout.judge.test_to_train == pytest.approx(np.mean(ratios))
    kin = layout.judge.kin
    sites = [set(row) for row in data.frame[["A", "B"]].itertuples(index=False)]
    assert kin.rows.tolist() == list(range(1, 101))
    related = kin.related.toarray()[np.ix_(kin.family, kin.family)]
    assert related.tolist() == [[float(bool(one & other)) for other in sites] for one in sites]


def test_equal_groups_give_folds_of_equal_size(layout_of):
    layout, _ = layout_of("by_b", "protocol.folds=4", "dataset.n_labelled=null")
    sizes = sorted(len(split.test) for split in folds(layout))
    assert all(later - earlier <= 9 for earlier, later in pairwise(sizes))


def with_mixed_sites(monkeypatch):
    """Return rows of structures, whose roles may hold several elements or none."""
    frame = pd.DataFrame({"A": ["Ba,Sr", "Ba", "", "Ca", "K", ""], "B": ["Ti"] * 3 + ["Zr"] * 3})
    frame = frame.assign(X="O", formula=[f"row {n}" for n in range(6)], formation_energy=-1.0)
    monkeypatch.setattr(Dataset, "__post_init__", lambda _: None)
    return Dataset("mixed", frame, "perovskite", {})


def test_a_row_with_two_elements_on_a_site_is_held_out_with_either(layout_of, monkeypatch):
    data = with_mixed_sites(monkeypatch)
    layout, _ = layout_of("by_a", "protocol.folds=2", "dataset.n_labelled=null", data=data)
    held = [{name for row in split.groups for name in row} for split in folds(layout)]
    assert held[0] | held[1] == {"Ba", "Sr", "Ca", "K", "no A"}
    for split, names in zip(folds(layout), held, strict=True):
        assert (0 in split.test) == bool(names & {"Ba", "Sr"})
        assert (2 in split.test) == (5 in split.test) == ("no A" in names)
