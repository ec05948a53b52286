from __future__ import annotations

import json

import pytest

from cetransfer.report_commands import report


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Be in an empty project."""
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("trials", "folds", "candidates")
@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("sweep", "cetransfer sweep sweep=small"),
        ("screen", "cetransfer screen space=abo3"),
        ("paper2023", "cetransfer compare protocol=paper2023"),
    ],
)
def test_every_kind_of_result_is_reported(project, compose, capsys, request, kind, command):
    document = request.getfixturevalue({"paper2023": "paper"}.get(kind, kind))
    if kind == "sweep":
        document.update(words=["sweep=small"])
    if kind == "paper2023":
        document.update(protocol="paper2023", seed=0, key="0123456789abcdef", folds=[])
    (project / f"{kind}.json").write_text(json.dumps(document))
    settings = compose("run=.", "output_dir=own", config="report")
    report(settings)
    told = json.loads((project / "own" / "report.json").read_text())
    assert told["kind"] == kind
    assert any(command in line for line in told["command"])
    assert command in (project / "own" / "report.html").read_text()
    assert "done before" not in capsys.readouterr().err
    report(settings)
    assert "done before" in capsys.readouterr().err
