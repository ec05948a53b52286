from __future__ import annotations

import json

import pandas as pd
import pytest

from cetransfer.files import sha256
from cetransfer.provenance import digest
from cetransfer.settings import TrackingSettings
from cetransfer.tracking.lineage.descendants import descendants
from cetransfer.tracking.lineage.resolve import lineage_of
from cetransfer.tracking.lineage.verify import verify
from cetransfer.tracking.records import open_records

LOCAL = TrackingSettings(None, "cetransfer")


@pytest.fixture
def model(logged):
    """Return a project with a folder of a model that no run knows, and the model's id."""
    root, _, comparison = logged
    folder = root / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "target.safetensors").write_bytes(b"weights")
    document = comparison.document
    about = {
        "strategy": {"name": "fine_tune", "configured": {}},
        "source_nets": [f"{comparison.sources.key}/0", f"{comparison.sources.key}/1"],
        "data": [
            {key: each[key] for key in ("name", "role", "files", "trained")}
            for each in document["data"]
        ],
        "features": {"schema": document["feature_schema"]},
        **{key: document[key] for key in ("data_hashes", "commit", "dirty", "config")},
        "comparison": document["key"],
        "format": 1,
        "files": {"target.safetensors": sha256(folder / "target.safetensors")},
    }
    about["id"] = digest(about)[:16]
    (folder / "model.json").write_text(json.dumps(about))
    return root, about["id"], comparison


def test_a_model_goes_by_folder_name_and_id(model):
    root, id_, comparison = model
    records = open_records(LOCAL, root)
    for word in (str(root / "models" / "mine"), "models/mine", "mine", id_, id_[:7]):
        graph = lineage_of(word, records, root)
        assert (graph.root.kind, graph.root.details["model"]) == ("model", id_)
        (strategy,) = graph.below(graph.root)
        kinds = {node.kind: node.name for node in graph.below(strategy)}
        assert kinds.keys() == {"source_nets", "features", "data", "commit"} - {"data"}
        assert kinds["source_nets"] == comparison.sources.key


def test_a_prediction_of_a_model_goes_back_to_the_data(model):
    root, id_, _ = model
    path = root / "predicted.csv"
    pd.DataFrame({"formula": ["SrTiO3"], "model": [id_]}).to_csv(path, index=False)
    graph = lineage_of(str(path), open_records(LOCAL, root), root)
    kinds = [node.kind for node in graph.nodes.values()]
    order = ["prediction", "model", "strategy", "source_nets", "features", "data", "commit"]
    assert sorted(set(kinds), key=kinds.index)[:5] == order[:5]
    assert set(order) == set(kinds)


@pytest.mark.parametrize("name", ["target.safetensors", "model.json"])
def test_a_changed_byte_of_a_model_is_found(model, name):
    root, id_, _ = model
    records = open_records(LOCAL, root)
    graph = lineage_of("mine", records, root)
    verify(graph, records, root)
    assert graph.root.state == "ok"
    path = root / "models" / "mine" / name
    path.write_bytes(path.read_bytes().replace(b"s", b"z", 1))
    graph = lineage_of("models/mine", records, root)
    verify(graph, records, root)
    assert graph.root.state == "changed"
    assert id_ in graph.root.name


def test_a_row_touched_the_model(model):
    root, id_, _ = model
    records = open_records(LOCAL, root)
    found = [each.id for each in descendants("toy_source:5", records, root)]
    assert id_ in found
    assert id_ not in [each.id for each in descendants("toy_target", records, root)][:1]


def test_a_model_of_no_known_comparison_is_reproduced_from_its_own_description(model):
    from cetransfer.reproduction.work import work_of

    root, _, comparison = model
    records = open_records(LOCAL, root)
    work = work_of("mine", records, root)
    assert (work.line, work.key, work.model) == ("fine_tune", comparison.document["key"], False)
    folder = root / "models" / "mine"
    path = folder / "model.json"
    path.write_text(path.read_text().replace(comparison.document["key"], "0" * 16))
    work = work_of("mine", records, root)
    assert (work.line, work.key, work.model) == ("fine_tune", "0" * 16, True)
    assert work.document["config"] == json.loads(json.dumps(comparison.document["config"]))
    assert work.result == folder / "target.safetensors"


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({}, None),
        ({"scaler": {"x": "target", "y": "source"}}, "scaled"),
        ({"reference": "constant"}, "referenced"),
    ],
)
def test_a_strategy_that_trains_nothing_says_what_it_took_of_a_row(changes, how):
    from cetransfer.tracking.lineage.descendants import Wanted, as_used

    config = {
        "strategy": {"zero_shot": {"kind": "zero_shot"}, "fine_tune": {"kind": "fine_tune"}},
        "dataset": {"reference": changes.get("reference", "none")},
        "training": {"scaler": changes.get("scaler", {"x": "source", "y": "source"})},
    }
    files = {"a.csv": "0" * 64}
    data = [{"name": "a", "role": "target", "files": files, "trained": "1-9", "scored": ""}]
    wanted = Wanted("a", 3, frozenset(files.items()))
    found = wanted.how(as_used(data, "zero_shot", config))
    assert (found and found[0]) == how
    assert wanted.how(as_used(data, "fine_tune", config))[0] == "trained"
