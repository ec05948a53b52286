from __future__ import annotations

import dataclasses
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation import trained
from cetransfer.evaluation.comparison import compare, comparison_key
from cetransfer.networks.predict import predict
from cetransfer.settings import ComputeSettings
from cetransfer.transfer.strategy import make_plans

NETS = 2 * (3 + 1)


def test_every_strategy_and_baseline_has_one_line(finished):
    names = ["target_only", "zero_shot", "fine_tune", "freeze", "head_only"]
    assert [line.name for line in finished.strategies] == names
    assert [line.name for line in finished.baselines] == [
        "svr",
        "gaussian_process",
        "gradient_boosting",
        "extra_trees",
        "mean",
        "best_baseline",
    ]
    assert list(finished.plans) == list(finished.models) == names


def test_the_table_has_one_row_per_net_and_scored_compound(finished):
    table = finished.predictions
    keys = ["strategy", "part", "repeat", "fold", "member", "compound"]
    assert not table.duplicated(keys).any()
    assert len(table) == 5 * 2 * 40 + 6 * 40
    assert np.isfinite(table["prediction"]).all()


def test_zero_shot_predicts_what_the_source_nets_predict(finished, settings, make_case):
    case = make_case(settings)
    expected = predict(finished.sources.stack, case.target.features)
    formulas = case.target.data.frame["formula"].tolist()
    own = finished.predictions[finished.predictions["strategy"] == "zero_shot"]
    for row in own.itertuples():
        assert row.prediction == float(expected[row.member, formulas.index(row.compound)])


def test_the_document_says_what_was_compared(finished):
    document = finished.document
    (source,) = document["sources"]
    assert source == {"name": "toy_source", "rows": 60, "rests_on": []}
    assert document["target"] == {"name": "toy_target", "rows": 40, "rests_on": []}
    assert (document["n_source"], document["n_target"], document["n_unseen"]) == (60, 30, 10)
    assert len(document["labelled"]) == 30
    assert document["source_nets"]["key"] == finished.sources.key
    assert document["config"]["protocol"]["folds"] == 3
    assert set(document["data_hashes"]) == {"toy_source.parquet", "toy_target.parquet"}
    assert [layer["trained"] for layer in document["plans"]["freeze"]] == [False, True, True]


def test_a_trained_strategy_has_a_loss_per_epoch(finished):
    assert {name: len(losses) for name, losses in finished.losses.items()} == {
        "target_only": 4,
        "zero_shot": 0,
        "fine_tune": 4,
        "freeze": 4,
        "head_only": 4,
    }


@pytest.fixture
def small(compose):
    """Settings with two strategies only."""
    return compose(
        "network.hidden=[8,4]",
        "protocol.folds=3",
        "protocol.members=2",
        "training.epochs=4",
        "training.batch_size=8",
        "training.source.epochs=4",
        "training.source.batch_size=16",
        "dataset.n_labelled=30",
        "strategy=[target_only,fine_tune]",
    )


def numbers(result):
    return result.predictions["prediction"].to_numpy()


@pytest.mark.usefixtures("mean_only")
def test_a_comparison_repeats_itself(small, make_case, tmp_path):
    first = compare(small, make_case(small), tmp_path / "one", tmp_path / "one" / "partial")
    second = compare(small, make_case(small), tmp_path / "two", tmp_path / "two" / "partial")
    assert np.array_equal(numbers(first), numbers(second))
    assert first.strategies == second.strategies
    assert first.baselines == second.baselines


@pytest.fixture
def two_shapes(small, compose):
    """Settings with two strategies of one shape and, between them, one that has another."""
    overrides = compose("strategy=[target_only,source_input,fine_tune]").strategy
    return dataclasses.replace(small, strategy=overrides)


@pytest.mark.usefixtures("mean_only")
def test_strategies_of_one_shape_share_a_stack(two_shapes, make_case, tmp_path, monkeypatch):
    train, seen = trained.fit_target, []

    def watched(tasks):
        seen.append([task.strategy.name for task in tasks])
        return train(tasks)

    monkeypatch.setattr(trained, "fit_target", watched)
    result = compare(two_shapes, make_case(two_shapes), tmp_path, tmp_path / "partial")
    assert seen == [["target_only", "fine_tune"], ["source_input"]]
    assert [line.name for line in result.strategies] == ["target_only", "source_input", "fine_tune"]


@pytest.mark.usefixtures("mean_only")
def test_a_stack_holds_no_more_strategies_than_is_fast(
    two_shapes, make_case, tmp_path, monkeypatch
):
    case = make_case(two_shapes)
    shared = compare(two_shapes, case, tmp_path, tmp_path / "shared")
    monkeypatch.setattr(trained, "LARGEST", 1)
    alone = compare(two_shapes, case, tmp_path, tmp_path / "alone")
    assert list(shared.predictions["strategy"]) == list(alone.predictions["strategy"])
    np.testing.assert_allclose(numbers(shared), numbers(alone), rtol=0, atol=1e-5)


def test_a_stack_holds_more_strategies_on_a_gpu(compose):
    def stacks(accelerator):
        settings = compose(f"training.accelerator={accelerator}")
        target = SimpleNamespace(features=np.empty((1, 120)))
        task = SimpleNamespace(shape=(), starts=range(55), target=target, settings=settings)
        return trained.stacks_of([task] * 4)

    assert stacks("cpu") == [[0], [1], [2], [3]]
    assert stacks("gpu") == [[0, 1, 2, 3]]


@pytest.mark.usefixtures("mean_only")
def test_an_interrupted_comparison_goes_on_to_the_same_numbers(
    two_shapes, make_case, tmp_path, monkeypatch
):
    case, partial = make_case(two_shapes), tmp_path / "partial"
    expected = compare(two_shapes, case, tmp_path, tmp_path / "uninterrupted")
    train, seen = trained.fit_target, []

    def interrupted(tasks):
        seen.append(tasks[0].strategy.name)
        if seen == ["target_only", "source_input"]:
            raise KeyboardInterrupt
        return train(tasks)

    monkeypatch.setattr(trained, "fit_target", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compare(two_shapes, case, tmp_path, partial)
    kept = sorted(path.parent.name for path in (partial / "strategies").rglob("model.json"))
    assert kept == ["fine_tune", "target_only"]
    resumed = compare(two_shapes, case, tmp_path, partial)
    assert seen == ["target_only", "source_input", "source_input"]
    assert np.array_equal(numbers(resumed), numbers(expected))
    assert resumed.strategies == expected.strategies
    assert resumed.losses == expected.losses


@pytest.mark.usefixtures("mean_only")
def test_a_stack_of_which_a_part_was_kept_is_trained_again_whole(small, make_case, tmp_path):
    case, partial = make_case(small), tmp_path / "partial"
    expected = compare(small, case, tmp_path, partial)
    shutil.rmtree(expected.models["fine_tune"])
    again = compare(small, case, tmp_path, partial)
    assert np.array_equal(numbers(again), numbers(expected))


@pytest.mark.usefixtures("mean_only")
def test_a_damaged_stack_of_an_interrupted_run_is_named(small, make_case, tmp_path):
    case, partial = make_case(small), tmp_path / "partial"
    compare(small, case, tmp_path, partial)
    (partial / "strategies" / "fine_tune" / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"fine_tune.*remove .* and run again"):
        compare(small, case, tmp_path, partial)


@pytest.mark.usefixtures("mean_only")
def test_a_damaged_table_of_an_interrupted_run_is_named(small, make_case, tmp_path):
    case, partial = make_case(small), tmp_path / "partial"
    compare(small, case, tmp_path, partial)
    (partial / "baselines.parquet").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"baselines\.parquet"):
        compare(small, case, tmp_path, partial)


@pytest.mark.usefixtures("mean_only")
def test_labels_of_unseen_rows_change_no_prediction(small, make_case, tmp_path):
    case = make_case(small)
    first = compare(small, case, tmp_path / "one", tmp_path / "one" / "partial")
    changed = make_case(small)
    unseen = np.setdiff1d(np.arange(40), case.labelled)
    changed.target.data.frame.loc[unseen, "formation_energy"] += 100.0
    second = compare(small, changed, tmp_path / "two", tmp_path / "two" / "partial")
    assert np.array_equal(numbers(first), numbers(second))


@pytest.mark.usefixtures("mean_only")
def test_the_source_nets_of_an_earlier_comparison_are_used_again(small, make_case, tmp_path):
    case = make_case(small)
    first = compare(small, case, tmp_path, tmp_path / "one")
    (file,) = (tmp_path / small.source_dir).glob("*/model.safetensors")
    written = file.stat().st_mtime_ns
    small.training.epochs = 2
    second = compare(small, case, tmp_path, tmp_path / "two")
    assert second.sources.key == first.sources.key
    assert file.stat().st_mtime_ns == written


@pytest.mark.usefixtures("mean_only")
@pytest.mark.parametrize(("count", "used"), [(1, 1), (3, 3), (9, 4)])
def test_the_number_of_source_nets_is_free(small, make_case, tmp_path, count, used):
    small.strategy["zero_shot"] = {"kind": "zero_shot"}
    small.training.source.nets = count
    case = make_case(small)
    result = compare(small, case, tmp_path, tmp_path / "partial")
    told = result.document["source_nets"]
    assert (told["nets"], told["used"]) == (count, used)
    table = result.predictions
    own = table[table["strategy"].isin(result.plans)]
    assert set(own["source"]) == set(range(used))
    # what starts from the same net and is not trained predicts the same
    expected = predict(result.sources.stack, case.target.features)
    formulas = case.target.data.frame["formula"].tolist()
    for row in own[own["strategy"] == "zero_shot"].itertuples():
        assert row.prediction == float(expected[row.source, formulas.index(row.compound)])
    sure = {line.name: line.p_new_sources for line in result.strategies}
    assert (sure["fine_tune"] is None) == (count == 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s, "seed", 1),
        lambda s: setattr(s.dataset, "draw", 1),
        lambda s: setattr(s.protocol, "repeats", 2),
        lambda s: setattr(s.training, "epochs", 5),
        lambda s: setattr(s.network, "dropout", 0.2),
        lambda s: s.strategy.pop("freeze"),
        lambda s: s.strategy["freeze"].update(layers=2),
    ],
)
def test_whatever_changes_the_numbers_changes_the_key(settings, make_case, change):
    case = make_case(settings)
    before = comparison_key(settings, case)
    change(settings)
    assert comparison_key(settings, case) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda s: setattr(s, "quiet", True),
        lambda s: setattr(s, "output_dir", "elsewhere"),
        lambda s: setattr(s, "source_dir", "elsewhere"),
        lambda s: setattr(s.tracking, "uri", "sqlite:///elsewhere.db"),
        lambda s: setattr(s, "compute", ComputeSettings("dask", address="tcp://elsewhere:8786")),
    ],
)
def test_where_and_how_loudly_it_runs_is_no_part_of_the_key(settings, make_case, change):
    case = make_case(settings)
    before = comparison_key(settings, case)
    change(settings)
    assert comparison_key(settings, case) == before


def test_a_changed_label_changes_the_key(settings, make_case):
    case = make_case(settings)
    before = comparison_key(settings, case)
    case.target.data.frame.loc[0, "formation_energy"] += 1e-9
    assert comparison_key(settings, case) != before


@pytest.mark.parametrize("name", ["svr", "best_baseline"])
def test_a_strategy_may_not_have_the_name_of_a_baseline(small, make_case, tmp_path, name):
    small.strategy[name] = {"kind": "zero_shot"}
    with pytest.raises(UserError, match=rf"strategy\.{name}: a baseline has that name"):
        compare(small, make_case(small), tmp_path, tmp_path / "partial")


def test_plans_are_checked_against_the_depth_of_the_network(settings):
    settings.strategy["freeze"]["layers"] = 3
    with pytest.raises(UserError, match="the network has 3 layers; give 1 to 2"):
        make_plans(settings.strategy, len(settings.network.hidden) + 1)


@pytest.mark.usefixtures("mean_only")
def test_a_stack_that_is_gone_is_trained_again(small, make_case, tmp_path):
    case, partial = make_case(small), tmp_path / "partial"
    first = compare(small, case, tmp_path, partial)
    shutil.rmtree(partial / "strategies" / "fine_tune")
    assert np.array_equal(numbers(compare(small, case, tmp_path, partial)), numbers(first))


@pytest.mark.usefixtures("mean_only")
def test_a_reference_takes_a_shift_of_all_target_energies_out(small, make_case, tmp_path):
    small.dataset.reference = "constant"
    first = compare(small, make_case(small), tmp_path, tmp_path / "one")
    shifted = make_case(small)
    shifted.target.data.frame["formation_energy"] += 3.0
    second = compare(small, shifted, tmp_path, tmp_path / "two")
    np.testing.assert_allclose(
        [line.mae for line in first.strategies], [line.mae for line in second.strategies], atol=1e-4
    )


@pytest.mark.usefixtures("mean_only")
def test_with_a_reference_an_interrupted_comparison_goes_on_to_the_same_numbers(
    small, make_case, tmp_path
):
    small.dataset.reference = "per_element"
    case = make_case(small)
    whole = compare(small, case, tmp_path, tmp_path / "partial")
    again = compare(small, case, tmp_path, tmp_path / "partial")
    assert np.array_equal(numbers(whole), numbers(again))


@pytest.mark.usefixtures("mean_only")
def test_with_both_site_orders_it_does_not_matter_which_was_given(small, make_case, tmp_path):
    small.strategy["zero_shot"] = {"kind": "zero_shot"}
    case = make_case(small)
    other = np.ascontiguousarray(case.target.views[0][:, ::-1])
    views = (case.target.views[0], other)
    first, second = (
        compare(
            small,
            dataclasses.replace(case, target=dataclasses.replace(case.target, views=order)),
            tmp_path,
            tmp_path / name,
        )
        for name, order in (("one", views), ("two", views[::-1]))
    )
    tables = [
        each.predictions[each.predictions["strategy"] == "zero_shot"] for each in (first, second)
    ]
    assert len(tables[0]) == len(tables[1]) > 0
    np.testing.assert_allclose(tables[0]["prediction"], tables[1]["prediction"], rtol=1e-6)
    only = predict(first.sources.start, views[0])[0, 0]
    assert not np.isclose(only, predict(first.sources.start, views[1])[0, 0])
