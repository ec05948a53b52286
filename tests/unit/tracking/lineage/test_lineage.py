from __future__ import annotations

import json
import shutil
import sqlite3
import time
import uuid

import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.settings import TrackingSettings
from cetransfer.tracking.lineage.mermaid import mermaid
from cetransfer.tracking.lineage.resolve import lineage_of
from cetransfer.tracking.records import open_records
from cetransfer.tracking.store import database, open_store
from cetransfer.tracking.write import finish_run, start_run

LOCAL = TrackingSettings(None, "cetransfer")


def child(records, parent, name):
    runs = records.runs(records.tagged("mlflow.parentRunId", parent))
    return next(run for run in runs if run.name == name)


def chain(graph, node):
    return {below.kind for below in graph.below(node)}


def by_name(graph, name):
    return next(node for node in graph.nodes.values() if node.name.startswith(name))


def test_a_strategy_rests_on_source_nets_features_data_and_commit(logged, records):
    root, parent, comparison = logged
    run = child(records, parent, "fine_tune")
    graph = lineage_of(run.id, records, root)
    assert (graph.root.kind, graph.root.details["run"]) == ("strategy", run.id)
    assert chain(graph, graph.root) == {"source_nets", "features", "commit"}
    nets = by_name(graph, comparison.sources.key)
    assert len(nets.details["runs"]) == 2
    assert nets.details["sha256"] == sha256(
        root / "outputs" / "source" / comparison.sources.key / "model.safetensors"
    )
    assert chain(graph, nets) == {"features", "commit"}
    source = by_name(graph, "toy_source.parquet")
    assert (source.details["trained"], source.details["sha256"]) == ("1-60", "0" * 64)
    target = by_name(graph, "toy_target.parquet")
    assert target.details["rows_trained"] == 30
    assert target.details["scored"] == "1-40"


def test_a_strategy_without_source_rests_on_the_target_alone(logged, records):
    root, parent, _ = logged
    graph = lineage_of(child(records, parent, "target_only").id, records, root)
    names = {node.name for node in graph.nodes.values() if node.kind == "data"}
    assert names == {"toy_target.parquet"}
    assert lineage_of(child(records, parent, "mean").id, records, root).root.kind == "baseline"


def test_a_strategy_with_source_nets_of_its_own_names_these(logged, records):
    root, parent, comparison = logged
    graph = lineage_of(child(records, parent, "joint_sources").id, records, root)
    keys = {node.name for node in graph.nodes.values() if node.kind == "source_nets"}
    assert keys == {comparison.nets["joint_sources"].key}


@pytest.mark.parametrize("form", ["folder", "document", "name", "key", "run", "prefix"])
def test_a_comparison_goes_by_many_names(logged, records, form):
    root, parent, comparison = logged
    folder = root / "outputs" / "compare" / "toy"
    names = {
        "folder": folder,
        "document": folder / "comparison.json",
        "name": "toy",
        "key": comparison.document["key"],
        "run": parent,
        "prefix": parent[:12],
    }
    graph = lineage_of(str(names[form]), records, root)
    assert graph.root.kind == "comparison"
    assert chain(graph, graph.root) == {"strategy", "commit"}


def test_predictions_of_a_comparison_rest_on_it(logged, records):
    root = logged[0]
    path = root / "outputs" / "compare" / "toy" / "predictions.parquet"
    graph = lineage_of(str(path), records, root)
    assert graph.root.kind == "prediction"
    assert [node.kind for node in graph.below(graph.root)] == ["comparison"]


@pytest.mark.parametrize("gone", ["nothing", "folder", "folder and runs"])
def test_a_report_rests_on_its_result_as_far_as_that_is_here(logged, report, gone):
    root, parent, _ = logged
    key = json.loads((report / "report.json").read_text())["of"]
    if "folder" in gone:
        shutil.rmtree(root / "outputs" / "compare")
    if "runs" in gone:
        shutil.rmtree(root / "mlruns")
    for asked in (report, report / "report.html", report / "report.json"):
        graph = lineage_of(str(asked), open_records(LOCAL, root), root)
        assert graph.root.kind == "report"
        (below,) = graph.below(graph.root)
        assert below.kind == "comparison"
        assert below.details["key"] == key
        assert {"data", "commit"} <= {node.kind for node in graph.nodes.values()}
        assert (below.details.get("run") == parent) is (gone == "folder")


def test_a_table_of_predictions_names_its_models(logged, records):
    root, _, comparison = logged
    model = comparison.document["models"]["fine_tune"]
    table = pd.DataFrame({"formula": ["SrTiO3"] * 3, "model": [model, model, "ff00"]})
    for path, write in (
        (root / "mine.csv", lambda path: table.to_csv(path, index=False)),
        (root / "mine.parquet", table.to_parquet),
    ):
        write(path)
        graph = lineage_of(str(path), records, root)
        known, unknown = graph.below(graph.root)
        assert (graph.root.details["rows"], known.name, unknown.name) == (3, model, "ff00")
        assert [node.name for node in graph.below(known)] == ["fine_tune"]
        assert graph.below(unknown) == []


@pytest.mark.parametrize("form", ["folder", "key", "net", "run"])
def test_source_nets_go_by_many_names(logged, records, form):
    root, _, comparison = logged
    key = comparison.sources.key
    run = records.tagged_beginning("cetransfer.source_net", key)[0][0]
    folder = root / "outputs" / "source" / key
    names = {"folder": folder, "key": key[:9], "net": f"{key}/1", "run": run}
    graph = lineage_of(str(names[form]), records, root)
    assert graph.root.kind == "source_nets"
    assert "toy_source.parquet" in {node.name for node in graph.nodes.values()}


def test_without_artifacts_and_folders_the_tags_still_tell(logged):
    root, parent, comparison = logged
    shutil.rmtree(root / "mlruns" / "artifacts")
    shutil.rmtree(root / "outputs")
    records = open_records(LOCAL, root)
    graph = lineage_of(child(records, parent, "fine_tune").id, records, root)
    kinds = {node.kind: node.name for node in graph.nodes.values()}
    assert kinds["source_nets"] == comparison.sources.key
    assert {"features", "data", "commit"} <= kinds.keys()


def test_a_folder_without_a_store_is_enough(logged):
    root = logged[0]
    shutil.rmtree(root / "mlruns")
    records = open_records(LOCAL, root)
    assert lineage_of("toy", records, root).root.kind == "comparison"
    with pytest.raises(UserError, match=r"nothing goes by 'toi'.*no store.*did you mean toy"):
        lineage_of("toi", records, root)


def test_an_ambiguous_beginning_lists_what_it_may_mean(logged, records):
    root, parent, _ = logged
    letters = "0123456789abcdef"
    first = next(letter for letter in letters if len(records.beginning_with(letter)) > 1)
    with pytest.raises(UserError, match=rf"{first} is the beginning of \d+ ids: run .*more of it"):
        lineage_of(first, records, root)
    with pytest.raises(UserError, match=f"did you mean {parent}"):
        lineage_of(parent[:-2] + "zz", records, root)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("mine.csv", b"formula\nSrTiO3\n", "no column model"),
        ("mine.csv", b"\xff\xfe\x00", "no table that can be read"),
        ("mine.parquet", b"PAR1", "no table that can be read"),
        ("mine.txt", b"", "says nothing of where it comes from"),
    ],
)
def test_a_file_that_says_nothing_is_named(logged, records, name, content, match):
    root = logged[0]
    (root / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name}.*{match}"):
        lineage_of(str(root / name), records, root)


def test_a_damaged_document_is_named(logged, records):
    root = logged[0]
    path = root / "outputs" / "compare" / "toy" / "comparison.json"
    for content in ("{", "[1]"):
        path.write_text(content)
        with pytest.raises(UserError, match=r"comparison\.json"):
            lineage_of("toy", records, root)


def test_an_audit_rests_on_its_file_and_commit(logged):
    root = logged[0]
    store = open_store(LOCAL, root)
    tags = {"mlflow.source.git.commit": "a" * 40, "git.dirty": "True"}
    run_id = start_run(store, "audit mine", "audit", {"mine.csv": "1" * 64}, tags)
    store.client.log_dict(run_id, {"data_hashes": {"mine.csv": "1" * 64}}, "audit.json")
    finish_run(store, run_id, {}, {})
    graph = lineage_of(run_id, open_records(LOCAL, root), root)
    kinds = {node.kind: node for node in graph.nodes.values()}
    assert kinds.keys() == {"audit", "data", "commit"}
    assert kinds["commit"].details == {"commit": "a" * 40, "dirty": True}


def test_a_run_of_another_program_is_refused(logged):
    root = logged[0]
    run_id = uuid.uuid4().hex
    with sqlite3.connect(database(root)) as connection:
        connection.execute(
            "INSERT INTO runs (run_uuid, name, status, lifecycle_stage, experiment_id) "
            "VALUES (?, 'x', 'FINISHED', 'active', 1)",
            [run_id],
        )
    with pytest.raises(UserError, match="was not logged by cetransfer"):
        lineage_of(run_id, open_records(LOCAL, root), root)


def test_a_locked_or_foreign_store_is_one_clear_line(logged, monkeypatch):
    root, parent, _ = logged
    real = sqlite3.connect
    monkeypatch.setattr(
        "cetransfer.tracking.records.sqlite3.connect",
        lambda *words, **more: real(*words, **more, timeout=0.1),
    )
    records = open_records(LOCAL, root)
    holder = real(database(root))
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(UserError, match=r"mlflow\.db cannot be read \(database is locked\)"):
            lineage_of(parent, records, root)
    finally:
        holder.close()
    database(root).write_bytes(b"no database at all" * 100)
    with pytest.raises(UserError, match=r"cannot be read \(file is not a database\)"):
        lineage_of(parent, open_records(LOCAL, root), root)


def test_a_store_that_is_only_readable_is_enough(logged):
    root, parent, _ = logged
    database(root).chmod(0o444)
    (root / "mlruns").chmod(0o555)
    try:
        graph = lineage_of(parent, open_records(LOCAL, root), root)
        assert graph.root.kind == "comparison"
    finally:
        (root / "mlruns").chmod(0o755)


def test_json_and_mermaid_tell_the_whole_graph(logged, records):
    root, parent, _ = logged
    graph = lineage_of(child(records, parent, "fine_tune").id, records, root)
    document = json.loads(json.dumps(graph.document()))
    assert document["root"] == graph.root.id
    assert len(document["nodes"]) == len(graph.nodes)
    assert {"from", "rests_on"} == document["edges"][0].keys()
    lines = mermaid(graph).splitlines()
    assert lines[0] == "flowchart TD"
    assert sum("-->" in line for line in lines) == len(graph.edges)


def test_a_name_cannot_break_the_diagram(logged, records):
    root, parent, _ = logged
    graph = lineage_of(parent, records, root)
    graph.root.name = 'a"] --> x <b>#`'
    assert "a#quot;] --#gt; x #lt;b#gt;#35;#96;" in mermaid(graph)


def multiplied(root, parent, times):
    """Copy the runs of a store under new ids, without their artifacts; return a copy's parent."""
    with sqlite3.connect(database(root)) as connection:
        runs = [run for (run,) in connection.execute("SELECT run_uuid FROM runs")]
        tables = ("runs", "tags", "params", "metrics", "latest_metrics")
        content = {name: pd.read_sql(f"SELECT * FROM {name}", connection) for name in tables}  # noqa: S608 - names from above
        for _ in range(times):
            ids = {run: uuid.uuid4().hex for run in runs}
            for name, table in content.items():
                table.replace(ids).to_sql(name, connection, if_exists="append", index=False)
    return ids[parent]


@pytest.mark.slow
def test_among_2000_runs_a_lineage_takes_less_than_two_seconds(logged):
    root, parent, _ = logged
    with sqlite3.connect(database(root)) as connection:
        ((per,),) = connection.execute("SELECT count(*) FROM runs")
    other = multiplied(root, parent, 2000 // per + 1)
    records = open_records(LOCAL, root)
    assert len(records.beginning_with("")) >= 2000
    for identifier in (parent, other, child(records, parent, "fine_tune").id, "toy"):
        began = time.perf_counter()
        graph = lineage_of(identifier, records, root)
        took = time.perf_counter() - began
        assert len(graph.nodes) > 5
        assert took < 2
