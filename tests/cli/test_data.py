from __future__ import annotations

import json

import pytest

from cetransfer.settings import TrackingSettings
from cetransfer.tracking.store import open_store


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Keep downloads from happening: an empty cache and no mirror."""
    monkeypatch.delenv("CETRANSFER_MIRROR", raising=False)
    monkeypatch.setenv("CETRANSFER_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("offline")
def test_the_list_names_all_data_sets_and_fetches_none(inside, tools, tmp_path):
    project = tools.make_project(tmp_path / "project")
    done = inside("data", "list", cwd=project)
    assert done.returncode == 0
    for text in ("emery2017", "li2023_spinel", "10.1038/sdata.2017.153", "73 x 73", "3e66c2a5bd23"):
        assert text in done.stdout
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("offline")
def test_one_data_set_is_shown_by_its_name(inside, tmp_path):
    for words in (["emery2017"], ["name=emery2017"]):
        done = inside("data", "show", *words, cwd=tmp_path)
        assert done.returncode == 0
        assert (
            "SHA-256  3e66c2a5bd23dac335f045210258ca14babf730824bf989b0127640c24bcb78b"
            in done.stdout
        )
        assert "here       no" in done.stdout


@pytest.mark.usefixtures("offline")
def test_what_the_labels_rest_on_is_stated(inside, tmp_path):
    done = inside("data", "show", "surrogate_perovskite", cwd=tmp_path)
    assert "labelled by CHGNet 0.3.0, which was trained on Materials Project" in done.stdout
    assert "has indirectly seen targets from there" in done.stdout
    done = inside("data", "show", "emery2017", cwd=tmp_path)
    assert "indirectly" not in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show"], "name has no value"),
        (["show", "emery2018"], "did you mean emery2017"),
        (["show", "emery2017", "li2023_spinel"], "'li2023_spinel'"),
        (["audit"], "source has no value"),
        (["audit", "nothing_like_it"], "no data set 'nothing_like_it'"),
        (["list", "nonsense=1"], "there is no key 'nonsense'"),
    ],
)
def test_a_wrong_word_is_answered_in_one_line(inside, tmp_path, words, message):
    done = inside("data", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("mirror")
def test_an_audit_is_printed_written_and_logged(inside, tmp_path):
    (tmp_path / "dvc.yaml").touch()
    done = inside("data", "audit", "li2023_perovskite", "quiet=true", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "855 of 855 rows have A and B in order of electronegativity" in done.stdout
    path = tmp_path / "outputs" / "audit" / "li2023_perovskite" / "audit.json"
    document = json.loads(path.read_text())
    assert {"kind", "rows", "evidence"} <= set(document["findings"][0])
    assert document["sites_from"] == "emery2017"
    store = open_store(TrackingSettings(None, "cetransfer"), tmp_path)
    (run,) = store.client.search_runs([store.experiment_id])
    assert run.data.metrics["rows.site_order"] == 855
    assert run.data.tags["cetransfer.kind"] == "audit"


def test_a_prototype_that_does_not_exist_leaves_nothing_behind(inside, tmp_path):
    done = inside("data", "label", "prototype=perovskit", cwd=tmp_path)
    assert done.returncode == 2
    assert "perovskite" in done.stderr
    assert not list(tmp_path.iterdir())
