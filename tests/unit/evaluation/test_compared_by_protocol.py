"""Small comparisons under every protocol."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation import trained
from cetransfer.evaluation.comparison import compare, comparison_key
from cetransfer.evaluation.learning_curve import crossovers
from cetransfer.evaluation.result import stage
from cetransfer.reporting.figures import draw_comparison
from cetransfer.reporting.tables import show_comparison
from cetransfer.training.proofs import ProofError

pytestmark = pytest.mark.usefixtures("mean_only")

KEYS = ["strategy", "part", "repeat", "fold", "member", "compound"]
SMALL = (
    "network.hidden=[8,4]",
    "protocol.folds=3",
    "protocol.members=2",
    "training.epochs=3",
    "training.batch_size=8",
    "training.source.epochs=3",
    "training.source.batch_size=16",
    "dataset.n_labelled=30",
    "strategy=[target_only,fine_tune]",
    "quiet=true",
)


@pytest.fixture
def run(compose, make_case, tmp_path):
    """Call with overrides to get a small comparison, and its case."""

    def compared(*overrides, name="partial"):
        settings = compose(*SMALL, *overrides)
        case = make_case(settings)
        return compare(settings, case, tmp_path, tmp_path / name), case

    return compared


def whole(result, folder):
    """Return the staged folder of a result that passes its schema and can be drawn and shown."""
    staged = stage(result, folder)
    draw_comparison(result, staged)
    show_comparison(result)
    assert not result.predictions.duplicated(KEYS).any()
    assert np.isfinite(result.predictions["prediction"]).all()
    return staged


GROUPED = [
    ("by_a", "held-out A elements"),
    ("by_b", "held-out B elements"),
    ("by_element", "held-out elements"),
    ("by_pair", "held-out pairs of elements"),
]


@pytest.mark.parametrize(("kind", "words"), GROUPED)
def test_grouped_folds_are_judged_by_a_sign_flip_over_folds(run, kind, words, tmp_path, capsys):
    result, _ = run(f"protocol={kind}")
    whole(result, tmp_path / "staged")
    document = result.document
    assert document["test"] == "sign_flip"
    assert document["replicates"] == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert f"(3 folds of {words}, 30 labelled rows)" in printed
    assert "p: paired sign-flip over 3 folds, widened for the rows and elements they" in printed
    assert document["notes"][-1].startswith("3 folds are too few for p < 0.05")
    line = next(line for line in result.strategies if line.name == "fine_tune")
    assert line.delta_low <= line.delta <= line.delta_high
    assert line.p_corrected >= 2 / 2**3
    assert line.p_better + line.p_equivalent + line.p_worse == pytest.approx(1.0)
    assert line.p_new_sources is not None
    assert line.variance is not None


def test_the_score_of_a_row_in_two_folds_is_the_mean_over_them(run):
    result, _ = run("protocol=by_element")
    table = result.predictions
    own = table[(table["strategy"] == "fine_tune") & (table["part"] == "cross_validation")]
    means = own.groupby(["fold", "compound"])[["prediction", "formation_energy"]].mean()
    error = (means["prediction"] - means["formation_energy"]).abs()
    expected = error.groupby("compound").mean().mean()
    assert result.strategies[1].mae == pytest.approx(expected)


def test_a_row_in_a_fold_tells_which_elements_were_new(run):
    result, case = run("protocol=by_a")
    for audited, split in zip(result.document["leakage"], case.splits, strict=True):
        held = {name for row in split.groups for name in row}
        sites = case.target.sites.iloc[split.train]
        assert held.isdisjoint(sites["A"])
        # on B it may still be trained on
        assert set(audited["new_to_train"]) & held == held - set(sites["B"])
        assert audited["source"] == 60


@pytest.mark.parametrize("kind", ["by_a", "by_b", "by_element"])
@pytest.mark.parametrize("pretrain", ["sequence", "joint"])
def test_the_source_nets_of_a_fold_have_not_seen_what_it_holds_out(run, kind, pretrain):
    result, case = run(
        f"protocol={kind}",
        "protocol.folds=4",
        "protocol.source_has_element=false",
        f"dataset.pretrain={pretrain}",
    )
    # four folds and the nets on all labelled rows
    assert result.sources.stack.members == 5 * 2
    source = case.sources[0].sites
    for member in case.members:
        (rows,) = result.sources.rows_of(member.source)
        seen = set(source.iloc[rows].to_numpy().ravel())
        assert not seen & member.split.held
        left_out = np.setdiff1d(np.arange(60), rows)
        assert all(set(source.iloc[row]) & member.split.held for row in left_out)
    for audited, split in zip(result.document["leakage"], case.splits, strict=True):
        assert audited["held"] == sorted(split.held)
        assert set(audited["held"]) <= set(audited["new_to_source"]) | (
            set(audited["held"]) - set(case.target.sites.iloc[split.test].to_numpy().ravel())
        )
        assert audited["source"] < 60 or not split.held


@pytest.mark.parametrize("pretrain", ["sequence", "joint"])
def test_a_source_net_that_saw_a_held_out_element_fails_the_run(run, monkeypatch, pretrain):
    monkeypatch.setattr(
        "cetransfer.training.source.rows_without", lambda source, _: np.arange(len(source))
    )
    with pytest.raises(ProofError, match=r"fold 0: \w+ is held out, but its source net 0 was"):
        run("protocol=by_a", "protocol.source_has_element=false", f"dataset.pretrain={pretrain}")


def test_a_member_that_starts_from_another_folds_net_fails_the_run(compose, make_case, tmp_path):
    settings = compose(*SMALL, "protocol=by_element", "protocol.source_has_element=false")
    case = make_case(settings)
    swapped = [dataclasses.replace(each, source=7) for each in case.members]
    with pytest.raises(ProofError, match="the split leaks"):
        compare(settings, dataclasses.replace(case, members=swapped), tmp_path, tmp_path / "p")


def test_labels_of_source_rows_with_held_out_elements_change_no_score(compose, make_case, tmp_path):
    settings = compose(
        *SMALL,
        "protocol=by_a",
        "protocol.source_has_element=false",
        "strategy=[target_only,fine_tune,joint,residual]",
        "training.scaler={x:pooled,y:pooled}",
        "dataset.n_labelled=null",
    )
    case = make_case(settings)
    first = compare(settings, case, tmp_path / "one", tmp_path / "one" / "partial")
    changed = make_case(settings)
    held = next(split.held for split in case.splits)
    rows = changed.sources[0].sites.isin(held).any(axis=1)
    changed.sources[0].data.frame.loc[rows, "formation_energy"] += 50.0
    second = compare(settings, changed, tmp_path / "two", tmp_path / "two" / "partial")
    of_fold = [each.predictions[each.predictions["fold"] == 0] for each in (first, second)]
    assert len(of_fold[0]) > 0
    assert np.array_equal(of_fold[0]["prediction"], of_fold[1]["prediction"])
    others = [each.predictions[each.predictions["fold"] == 1] for each in (first, second)]
    assert not np.array_equal(others[0]["prediction"], others[1]["prediction"])


def test_draws_are_scored_on_the_rows_of_none(run, tmp_path, capsys):
    result, case = run("protocol=draws", "dataset.n_labelled=5")
    whole(result, tmp_path / "staged")
    table, document = result.predictions, result.document
    assert set(table["part"]) == {"draw"}
    assert set(table["fold"]) == {0, 1, 2, 3, 4}
    labelled = set(document["labelled"])
    assert len(labelled) == document["n_target"] == 25
    assert not labelled & set(table["compound"])
    assert table.groupby(["strategy", "fold", "member"]).size().eq(15).all()
    assert (document["test"], document["replicates"]) == ("paired_t", 5)
    assert "(5 draws of 5 labelled rows, tested on 15)" in capsys.readouterr().out
    own = table[table["strategy"] == "target_only"]
    means = own.groupby(["fold", "compound"])[["prediction", "formation_energy"]].mean()
    error = (means["prediction"] - means["formation_energy"]).abs()
    assert result.strategies[0].mae == pytest.approx(error.groupby("fold").mean().mean())
    assert len(case.members) == 5 * 2
    assert result.strategies[0].mae_unseen is None


def test_few_draws_are_noted_in_the_document(run):
    result, _ = run("protocol=draws", "dataset.n_labelled=5", "protocol.draws=2")
    assert result.document["notes"][-1].startswith("2 draws are few for a test")


CURVE = ("protocol=learning_curve", "protocol.sizes=[2,3,4]")


def test_a_learning_curve_has_every_strategy_at_every_size(run, tmp_path, capsys):
    result, case = run(*CURVE)
    staged = whole(result, tmp_path / "staged")
    curve = pd.read_csv(staged / "learning_curve.csv")
    assert (staged / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    counts = curve.groupby("strategy", sort=False)["n_labelled"].apply(list).to_dict()
    names = ("target_only", "fine_tune", "mean", "best_baseline")
    assert counts == {name: [2, 3, 4] for name in names}
    assert set(curve["draws"]) == {5}
    assert (curve["draw_low"] <= curve["mae"]).all()
    document = result.document
    assert document["crossover"] == crossovers(result.curve, "target_only")
    assert list(document["crossover"]) == ["fine_tune"]
    largest = curve[(curve["strategy"] == "fine_tune") & (curve["n_labelled"] == 4)]
    assert largest["mae"].item() == pytest.approx(result.strategies[1].mae)
    table = result.predictions
    assert set(table["part"]) == {"size_2", "size_3", "size_4"}
    assert len(case.stacks) == 3
    stacks = tmp_path / "partial" / "strategies" / "fine_tune"
    folders = sorted(path.parent.name for path in stacks.rglob("model.json"))
    assert folders == ["2", "3", "4"]
    assert "crossover: the smallest number" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "overrides",
    [
        CURVE,
        ("protocol=by_a", "protocol.source_has_element=false"),
        ("protocol=draws", "dataset.n_labelled=4"),
    ],
    ids=["curve", "by_a", "draws"],
)
def test_wherever_it_is_interrupted_it_goes_on_to_the_same_numbers(run, monkeypatch, overrides):
    expected, case = run(*overrides, name="uninterrupted")
    train = trained.fit_target
    stacks = len(case.stacks)
    for last in range(stacks):
        done = []

        def interrupted(*rest, done=done, last=last):
            if len(done) == last:
                raise KeyboardInterrupt
            done.append(1)
            return train(*rest)

        monkeypatch.setattr(trained, "fit_target", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(*overrides, name=f"after-{last}")
        monkeypatch.setattr(trained, "fit_target", train)
        resumed, _ = run(*overrides, name=f"after-{last}")
        assert resumed.predictions.equals(expected.predictions)
        assert resumed.strategies == expected.strategies
        assert resumed.document["crossover"] == expected.document["crossover"]


def test_the_users_groups_are_part_of_the_key(compose, make_case):
    settings = compose(*SMALL, "protocol=by_a")
    case = make_case(settings)
    before = comparison_key(settings, case)
    split = case.splits[0]
    other = dataclasses.replace(split, groups=tuple(("x",) for _ in split.groups))
    layout = dataclasses.replace(case.layout, splits=[other, *case.splits[1:]])
    assert comparison_key(settings, dataclasses.replace(case, layout=layout)) != before
