"""Commands on entries of the Materials Project, served by a local server over HTTP."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

TARGET = (
    "dataset/source=[surrogate_spinel]",
    "dataset/target=materials_project",
    "dataset.target.prototype=perovskite",
)
METALS = ("Ca", "Sr", "Ba", "Pb", "Cd", "La", "Y", "K", "Na", "Rb", "Cs", "Sm")


@pytest.fixture
def project(tools, tmp_path, materials_project):
    """Return a project with a data folder of its own, and perovskites at the service."""
    data = tmp_path / "data"
    shutil.copytree(tools.DATA, data, ignore=shutil.ignore_patterns("materials_project*"))
    for number, metal in enumerate(METALS):
        for other in ("Ti", "Zr", "Nb"):
            formula, energy = f"{metal}{other}O3", -3 - number / 9
            materials_project.add(f"mp-{metal}{other}", formula, 221, energy)
    materials_project.add("mp-higher", "SrTiO3", 221, -3.0, 0.5)
    return tools.make_project(tmp_path / "project", data)


def test_features_of_a_query_need_the_service_once(
    project, tools, inside, materials_project, monkeypatch
):
    done = inside("features", *tools.TINY, *TARGET, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "materials_project: 36 rows" in done.stdout
    assert materials_project.KEY not in done.stdout + done.stderr
    asked = len(materials_project.asked)
    monkeypatch.delenv("MP_API_KEY")
    again = inside("features", *tools.TINY, *TARGET, cwd=project)
    assert again.stdout == done.stdout
    assert len(materials_project.asked) == asked
    listed = inside("data", "list", cwd=project).stdout
    assert "1 frozen" in listed
    shown = inside("data", "show", "materials_project", cwd=project).stdout
    (path,) = (project / "data").glob("materials_project-*.parquet")
    for text in (path.name, "formula ABC3, space group 221", materials_project.VERSION, "37"):
        assert text in shown


def test_a_comparison_tells_and_keeps_what_its_target_rests_on(project, tools, inside):
    words = ("dataset.n_labelled=null", "dataset.target.query.chemsys=*-*-O", "output_dir=here")
    done = inside("compare", *tools.TINY, *TARGET, *words, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "37 entries with formula ABC3, chemical system *-*-O, space group 221" in done.stderr
    assert "left out: 1 entry, another of the same composition being lower" in done.stderr
    result = tools.read(project / "here")
    (path,) = (project / "data").glob("materials_project-*.parquet")
    assert path.name in str(result.document)
    assert result.document["config"]["dataset"]["target"]["query"]["chemsys"] == "*-*-O"
    assert len(result.predictions.drop_duplicates("compound")) == 36


def test_frozen_answers_are_no_part_of_the_versioned_data(tools):
    pytest.importorskip("dvc", reason="DVC is not installed")
    path = "data/materials_project-0123456789ab.parquet"
    words = [sys.executable, "-m", "dvc", "check-ignore", path]
    done = subprocess.run(words, cwd=tools.DATA.parent, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == path


def test_entries_may_be_the_source(project, tools, inside):
    words = [word.replace("target", "sources.materials_project") for word in TARGET[2:]]
    done = inside(
        "features",
        *tools.TINY,
        *words,
        "dataset/source=[materials_project]",
        "dataset.sources.materials_project.query.space_group=221",
        "dataset/target=surrogate_perovskite",
        cwd=project,
    )
    assert done.returncode == 0, done.stderr
    assert "materials_project: 36 rows" in done.stdout


@pytest.mark.parametrize(
    ("key", "words", "message"),
    [
        (None, (), "the Materials Project needs a key; copy yours from https://"),
        ("w" * 32, (), "refused the key in MP_API_KEY (status 401)"),
        ("w" * 32, ("dataset.target.query.chemsys=Sr-O",), "Sr-O has 2 elements"),
        ("w" * 32, ("dataset.target.query.space_group=0",), "space_group=0 is no space group"),
        ("w" * 32, ("dataset.target.query.spacegroup=1",), "did you mean"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    project, tools, inside, monkeypatch, key, words, message
):
    monkeypatch.delenv("MP_API_KEY")
    if key:
        monkeypatch.setenv("MP_API_KEY", key)
    done = inside("features", *tools.TINY, *TARGET, *words, "quiet=true", cwd=project)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "w" * 32 not in done.stderr
    assert not list((project / "data").glob("*materials_project*"))
