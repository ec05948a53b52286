from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from cetransfer.files import sha256
from cetransfer.settings import TrackingSettings
from cetransfer.tracking.lineage.resolve import lineage_of
from cetransfer.tracking.lineage.verify import verify
from cetransfer.tracking.records import open_records

LOCAL = TrackingSettings(None, "cetransfer")


def checked(identifier, root):
    records = open_records(LOCAL, root)
    graph = lineage_of(identifier, records, root)
    verify(graph, records, root)
    return {(node.kind, node.name): (node.state, node.reason) for node in graph.nodes.values()}


def state(found, kind, beginning=""):
    return next(
        each for (own, name), each in found.items() if own == kind and name.startswith(beginning)
    )


@pytest.fixture
def with_data(logged):
    """Return the project with data files whose hash is the recorded one."""
    root, parent, comparison = logged
    path = root / "data" / "toy_source.parquet"
    path.parent.mkdir()
    path.write_bytes(b"rows")
    text = (root / "outputs/compare/toy/comparison.json").read_text()
    (root / "outputs/compare/toy/comparison.json").write_text(text.replace("0" * 64, sha256(path)))
    return root, parent, comparison


def test_what_is_untouched_is_ok_and_what_is_gone_is_missing(logged):
    root, parent, comparison = logged
    found = checked("toy", root)
    assert state(found, "comparison")[0] == "ok"
    assert state(found, "strategy", "fine_tune")[0] == "ok"
    assert state(found, "source_nets", comparison.sources.key)[0] == "ok"
    assert state(found, "data") == ("missing", "not on this machine")
    assert state(found, "features")[0] == "missing"
    assert state(found, "commit")[0] == "unverifiable"
    assert checked(parent, root)[("comparison", "compare surrogate")][0] == "ok"


def test_data_are_hashed_again(with_data):
    root = with_data[0]
    assert state(checked("toy", root), "data", "toy_source")[0] == "ok"
    (root / "data" / "toy_source.parquet").write_bytes(b"other rows")
    found, reason = state(checked("toy", root), "data", "toy_source")
    assert found == "changed"
    assert "in place of" in reason


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_changed_byte_in_source_nets_is_found(logged, name):
    root, _, comparison = logged
    path = root / "outputs" / "source" / comparison.sources.key / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert state(checked("toy", root), "source_nets", comparison.sources.key)[0] == "changed"


def test_source_nets_that_were_trained_again_are_others(logged):
    root, _, comparison = logged
    document = root / "outputs/compare/toy/comparison.json"
    told = json.loads(document.read_text())
    for stack in told["source_nets"]["stacks"]:
        stack["sha256"] = "1" * 64
    document.write_text(json.dumps(told))
    found = state(checked("toy", root), "source_nets", comparison.sources.key)
    assert found[0] == "changed"
    assert "trained again" in found[1]


def test_a_changed_artifact_or_list_of_artifacts_is_found(logged):
    root, parent, _ = logged
    records = open_records(LOCAL, root)
    folder = records.get(parent).artifacts
    assert folder.is_relative_to(root)
    manifest = (folder / "manifest.json").read_text()
    table = folder / "strategies.csv"
    table.write_text(table.read_text() + " ")
    found = checked(parent, root)[("comparison", "compare surrogate")]
    assert found[0] == "changed"
    assert "strategies.csv" in found[1]
    told = json.loads(manifest)
    told["strategies.csv"] = sha256(table)
    (folder / "manifest.json").write_text(json.dumps(told))
    found = checked(parent, root)[("comparison", "compare surrogate")]
    assert (found[0], "manifest.json was changed" in found[1]) == ("changed", True)
    shutil.rmtree(folder)
    assert checked(parent, root)[("comparison", "compare surrogate")][0] == "missing"


def test_a_changed_page_or_the_page_of_an_earlier_result_is_found(logged, report):
    root = logged[0]
    assert state(checked(str(report), root), "report")[0] == "ok"
    page = (report / "report.html").read_text()
    (report / "report.html").write_text(page + " ")
    assert state(checked(str(report), root), "report")[0] == "changed"
    (report / "report.html").write_text(page)
    result = root / "outputs" / "compare" / "toy" / "comparison.json"
    result.write_text(result.read_text() + " ")
    found, reason = state(checked(str(report), root), "report")
    assert found == "changed"
    assert "is not the one that" in reason


def test_a_changed_file_of_a_result_is_found(logged):
    root = logged[0]
    folder = root / "outputs" / "compare" / "toy"
    path = folder / "predictions.parquet"
    assert state(checked(str(path), root), "prediction")[0] == "ok"
    table = pd.read_parquet(path)
    table.loc[0, "prediction"] += 1e-9
    table.to_parquet(path, index=False)
    found = checked(str(path), root)
    assert state(found, "prediction")[0] == "changed"
    assert state(found, "comparison")[0] == "changed"
    document = folder / "comparison.json"
    document.write_text(document.read_text() + "\n")
    assert "none of its 1 runs" in state(checked("toy", root), "comparison")[1]
    shutil.rmtree(root / "mlruns")
    assert state(checked("toy", root), "comparison")[0] == "unverifiable"


def test_features_are_hashed_as_numbers(logged, problem):
    from cetransfer.provenance import array_digest

    root = logged[0]
    document = root / "outputs/compare/toy/comparison.json"
    told = json.loads(document.read_text())
    features, _ = problem(5)
    path = Path("outputs/features/mine.parquet")
    (root / path).parent.mkdir(parents=True)
    frame = pd.DataFrame(features, columns=list("abcdef"))
    frame.insert(0, "formula", "x")
    frame.to_parquet(root / path)
    told["data"][-1]["features"] = {str(path): array_digest(features)}
    document.write_text(json.dumps(told))
    assert state(checked("toy", root), "features", "toy_target")[0] == "ok"
    frame["a"] += 1
    frame.to_parquet(root / path)
    assert state(checked("toy", root), "features", "toy_target")[0] == "changed"
    (root / path).write_bytes(b"PAR1")
    assert state(checked("toy", root), "features", "toy_target")[0] == "changed"
