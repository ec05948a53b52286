"""What the documentation says of the code, against the code; its commands are run elsewhere."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from cetransfer.composition import config_dir
from cetransfer.transfer.strategy import kinds

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def hooks():
    pytest.importorskip("mkdocs", reason="mkdocs is not installed")
    spec = importlib.util.spec_from_file_location("hooks", DOCS / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("group", "page", "others"),
    [
        ("strategy", "strategies", {"all"}),
        ("protocol", "protocols", set()),
        ("criteria", "screening", set()),
        ("space", "screening", set()),
        ("sweep", "sweeps", set()),
        ("compute", "cluster", set()),
        ("features", "configuration", set()),
        ("network", "configuration", set()),
        ("dataset", "configuration", set()),
    ],
)
def test_a_page_names_every_option_of_its_group(group, page, others):
    options = {path.stem for path in (config_dir() / group).glob("*.yaml")} - others
    text = (DOCS / "site" / f"{page}.md").read_text()
    assert [name for name in sorted(options) if f"`{name}`" not in text] == []


def test_every_strategy_has_a_section_with_its_words_and_keys(hooks):
    text = hooks.on_page_markdown(f"Before\n\n{hooks.STRATEGIES}\n")
    for name, kind in kinds().items():
        assert f"### {name}\n\n{kind.__doc__.split('.')[0][:40]}" in text
    assert "- `strategy.freeze.layers=1`: number of layers, counted from the input" in text
    assert "- `strategy.fine_tune.learning_rate=0.001`\n" in text
    assert hooks.STRATEGIES not in text


def test_references_of_a_docstring_become_links(hooks):
    text = hooks.strategies()
    assert "[doi 10.1073/pnas.1801181115](https://doi.org/10.1073/pnas.1801181115), " in text
    assert "[arXiv:1411.1792](https://arxiv.org/abs/1411.1792))." in text
    assert "(05)80023-1](https://doi.org/10.1016/S0893-6080(05)80023-1)." in text


def test_files_of_the_repository_lie_beside_the_pages(hooks):
    page = "the [schema](../../src/a/b.json#c) and [this](other.md)"
    assert hooks.on_page_markdown(page) == page
    page = "the [schema](../../src/a/b.json) and [this](other.md)"
    expected = "the [schema](repository/src/a/b.json) and [this](other.md)"
    assert hooks.on_page_markdown(page) == expected


def test_every_page_stands_in_the_navigation():
    listed = (DOCS / "mkdocs.yml").read_text().partition("\nnav:\n")[2].splitlines()
    pages = [line.removeprefix("  - ") for line in listed]
    assert sorted(pages) == sorted(path.name for path in (DOCS / "site").glob("*.md"))
