"""Several sources in one comparison, as the command line takes them."""

from __future__ import annotations

import json

import pytest

SOURCES = "dataset/source=[surrogate_perovskite,li2023_spinel]"


@pytest.fixture(scope="module")
def project(tools, tmp_path_factory, mirror):  # noqa: ARG001 - the released spinels are needed
    return tools.make_project(tmp_path_factory.mktemp("sources") / "project")


@pytest.mark.slow
@pytest.mark.parametrize("pretrain", ["sequence", "joint"])
def test_source_and_target_are_chosen_separately(tools, inside, project, pretrain):
    out = project / pretrain
    words = [*tools.TINY, SOURCES, "dataset/target=emery2017", f"dataset.pretrain={pretrain}"]
    done = inside("compare", *words, f"output_dir={out}", cwd=project)
    assert done.returncode == 0, done.stderr
    document = json.loads((out / "comparison.json").read_text())
    names = [source["name"] for source in document["sources"]]
    assert names == ["surrogate_perovskite", "li2023_spinel"]
    assert document["target"]["name"] == "emery2017"
    assert document["n_source"] == sum(source["rows"] for source in document["sources"])
    (stated,) = [note for note in document["notes"] if "indirectly seen" in note]
    assert stated.startswith("surrogate_perovskite is labelled by CHGNet 0.3.0")
    nets = list((project / "outputs" / "source").iterdir())
    assert len(nets) == {"sequence": 2, "joint": 3}[pretrain]


def test_the_order_can_be_said(tools, inside, project):
    order = "dataset.order=[li2023_spinel,surrogate_perovskite]"
    words = [*tools.TINY, SOURCES, "dataset/target=emery2017", order]
    done = inside("train", *words, cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("source nets  ") == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["dataset.order=[li2023_spinel]"], "must name each source once: surrogate_perovskite, li"),
        (["dataset.pretrain=jointly"], "dataset.pretrain=jointly is unknown; choose sequence or"),
        (["dataset.reference=mean"], "dataset.reference=mean is unknown; choose none or constant"),
        (
            ["dataset/target=surrogate_spinel", "dataset.site_order=both"],
            "in spinel A and B are not equally many",
        ),
    ],
)
def test_a_wrong_word_is_named(tools, inside, project, words, message):
    done = inside("compare", *tools.TINY, SOURCES, "dataset/target=emery2017", *words, cwd=project)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
