from __future__ import annotations

import json

import pytest

from cetransfer.errors import UserError
from cetransfer.reporting.pages.find import find_result
from cetransfer.tracking.records import Records, Run


class Known(Records):
    """Records of given runs."""

    def __init__(self, root, *runs):
        super().__init__(None, "sqlite:///none.db", root)
        object.__setattr__(self, "own", {run.id: run for run in runs})

    def runs(self, ids):
        return [self.own[id_] for id_ in ids if id_ in self.own]

    def beginning_with(self, prefix):
        return [id_ for id_ in self.own if id_.startswith(prefix)]


def result(folder, file="comparison.json", **document):
    folder.mkdir(parents=True)
    (folder / file).write_text(json.dumps({"key": "0123456789abcdef", **document}))
    return folder


def run(id_, artifacts, *, parent=None, status="FINISHED"):
    tags = {"cetransfer.kind": "comparison", **({"mlflow.parentRunId": parent} if parent else {})}
    return Run(id_, f"name of {id_}", status, 0, artifacts, tags)


def test_a_folder_a_file_in_it_and_its_name_are_the_same(tmp_path):
    folder = result(tmp_path / "outputs" / "compare" / "toy-01234567")
    for word in (str(folder), str(folder / "comparison.json"), "toy-01234567"):
        found = find_result(word, Known(tmp_path), tmp_path)
        assert (found.kind, found.folder, found.name) == ("comparison", folder, "toy-01234567")


def test_a_report_of_a_folder_of_the_users_has_the_key_in_its_name(tmp_path):
    folder = result(tmp_path / "my own <b>")
    found = find_result(str(folder), Known(tmp_path), tmp_path)
    assert found.name == "my_own__b_-01234567"


@pytest.mark.parametrize(
    ("file", "document", "name"),
    [
        ("comparison.json", {"dataset": "surrogate"}, "surrogate-01234567"),
        ("sweep.json", {"sweep": "small"}, "small-01234567"),
        ("paper2023.json", {"dataset": "li2023"}, "paper2023-01234567"),
    ],
)
def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path, file, document, name):
    artifacts = result(tmp_path / "mlruns" / "abc" / "artifacts", file, **document)
    known = Known(tmp_path, run("abcdef", artifacts), run("abc123", artifacts, parent="abcdef"))
    assert find_result("abc", known, tmp_path).name == name
    assert find_result("abc123", known, tmp_path).folder == artifacts


def test_what_means_two_things_is_refused(tmp_path):
    artifacts = result(tmp_path / "artifacts")
    known = Known(tmp_path, run("abc1", artifacts), run("abc2", artifacts))
    with pytest.raises(UserError, match="names 2 results"):
        find_result("abc", known, tmp_path)


def test_a_run_without_a_result_says_so(tmp_path):
    (tmp_path / "artifacts").mkdir()
    known = Known(tmp_path, run("abc", tmp_path / "artifacts", status="FAILED"), run("def", None))
    with pytest.raises(UserError, match="failed"):
        find_result("abc", known, tmp_path)
    with pytest.raises(UserError, match="another machine"):
        find_result("def", known, tmp_path)


def test_the_nearest_name_is_told(tmp_path):
    result(tmp_path / "outputs" / "sweep" / "small-01234567", "sweep.json")
    with pytest.raises(UserError, match="small-01234567"):
        find_result("smal-01234567", Known(tmp_path), tmp_path)
