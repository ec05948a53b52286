from __future__ import annotations

import shutil

import pytest

from cetransfer.errors import UserError
from cetransfer.settings import TrackingSettings
from cetransfer.tracking.lineage.descendants import as_used, descendants, split_row
from cetransfer.tracking.records import open_records

LOCAL = TrackingSettings(None, "cetransfer")


def named(found):
    return {(each.kind, each.name): each.how for each in found}


def spans(comparison, role):
    return next(each for each in comparison.document["data"] if each["role"] == role)


def test_a_source_file_touched_what_starts_from_its_nets(logged, records):
    root = logged[0]
    for asked in ("toy_source", "toy_source.parquet", "toy_source:60"):
        found = named(descendants(asked, records, root))
        strategies = {name for kind, name in found if kind == "strategy"}
        assert strategies == {"fine_tune", "joint_sources"}
        assert ("comparison", "compare surrogate") in found
        assert sum(kind == "source" for kind, _ in found) == 2
        assert not any(kind == "baseline" for kind, _ in found)
        assert set(found.values()) == {"trained"}
    assert descendants("toy_source:61", records, root) == []


def test_a_target_row_was_trained_on_or_only_scored(logged, records):
    root, _, comparison = logged
    from cetransfer.row_spans import holds

    trained = spans(comparison, "target")["trained"]
    inside = next(row for row in range(1, 41) if holds(trained, row))
    outside = next(row for row in range(1, 41) if not holds(trained, row))
    found = named(descendants(f"toy_target:{inside}", records, root))
    assert found[("strategy", "target_only")] == found[("baseline", "mean")] == "trained"
    assert not any(kind == "source" for kind, _ in found)
    assert set(named(descendants(f"toy_target:{outside}", records, root)).values()) == {"scored"}


@pytest.mark.parametrize(
    ("strategy", "trained"),
    [("profile_kernel", "1-3"), ("kernel_head", "1-3"), ("fine_tune", "1-3"), ("zero_shot", "")],
)
def test_a_kernel_method_learns_target_rows_though_its_network_does_not(strategy, trained):
    data = [{"name": "t", "role": "target", "files": {}, "trained": "1-3"}]
    (used,) = as_used(data, strategy, {"strategy": {strategy: {}}})
    assert used["trained"] == trained


def test_a_hash_means_every_file_of_that_content(logged, records):
    root = logged[0]
    found = descendants("0" * 64, records, root)
    assert {each.file for each in found} == {"toy_source.parquet", "toy_target.parquet"}
    assert descendants("0" * 8, records, root) == found


def test_results_without_a_run_are_found_too(logged):
    root, _, comparison = logged
    shutil.rmtree(root / "mlruns")
    (only,) = descendants("toy_target", open_records(LOCAL, root), root)
    assert (only.kind, only.id) == ("comparison", comparison.document["key"])


def test_runs_of_older_versions_say_that_their_rows_are_not_known(logged):
    root = logged[0]
    shutil.rmtree(root / "mlruns" / "artifacts")
    shutil.rmtree(root / "outputs")
    records = open_records(LOCAL, root)
    found = descendants("toy_target:3", records, root)
    assert {each.how for each in found} == {"rows not stored"}
    assert {each.how for each in descendants("toy_target", records, root)} == {"trained"}


@pytest.mark.parametrize("asked", ["toy_sorce", "toy_sorce.parquet", "f" * 64])
def test_unknown_data_are_named_with_the_nearest(logged, records, asked):
    with pytest.raises(UserError, match="no run, model or result used data called"):
        descendants(asked, records, logged[0])


def test_a_row_comes_after_the_last_colon():
    assert split_row("a.csv:12") == ("a.csv", 12)
    assert split_row("my.csv:structures") == ("my.csv:structures", None)
    assert split_row("C:3:4") == ("C:3", 4)
    for asked in ("a:0", "a:-1"):
        with pytest.raises(UserError, match="counted from 1"):
            split_row(asked)
    with pytest.raises(UserError, match="give a data set"):
        split_row(":3")
