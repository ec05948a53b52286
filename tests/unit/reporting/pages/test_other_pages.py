"""The reports of a sweep and of the paper's procedure."""

from __future__ import annotations

import copy
from html import unescape

import pytest

from cetransfer.errors import UserError
from cetransfer.reporting.pages.page import render
from cetransfer.reporting.pages.paper2023 import paper2023_page
from cetransfer.reporting.pages.sweep import sweep_page
from cetransfer.tracking.lineage.graph import Graph, Node


def test_a_sweep_has_score_winners_importance_and_history(sweep, trials):
    page = sweep_page(sweep, trials, ["cetransfer sweep"])
    names = [drawing.name for drawing in page.drawings]
    assert names == ["nested_score", "importance", "history"]
    assert [table.name for table in page.tables] == ["winners", "parameters", "trials"]
    assert page.verdict.startswith("Nested score: 0.1200")
    html = render(page)
    assert "1" * 64 in html
    assert "not committed" in html
    assert "cetransfer compare 'network.hidden=[128, 64]' network.dropout=0.1" in unescape(html)
    importance = page.drawings[1].data.set_index("key")
    assert list(importance.index) == ["x", "network.dropout"]


def test_a_sweep_without_an_outer_fold_says_what_its_number_is(sweep, trials):
    alone = copy.deepcopy(sweep)
    alone.update(score=None, notes=["no outer fold, so there is no score"], commit=None)
    outer = alone["outer"][:1]
    outer[0].update(fold=None, importances={})
    outer[0]["winners"][0]["outer"] = None
    alone["outer"] = outer
    page = sweep_page(alone, trials, [])
    assert any("no nested score" in line for line in page.limits)
    assert any("outside a git repository" in line for line in page.limits)
    assert [drawing.name for drawing in page.drawings] == ["nested_score", "history"]


def test_a_sweep_without_trials_is_refused(sweep, tmp_path):
    with pytest.raises(UserError, match="no trials"):
        sweep_page(sweep, tmp_path, [])


def test_the_papers_procedure_has_a_table_of_its_own(paper, folds):
    graph = Graph()
    graph.add(Node("p", "paper2023", "toy"))
    paper.update(commit="abc", dirty=True)
    page = paper2023_page(paper, folds, ["cetransfer compare"], graph)
    assert [table.name for table in page.tables] == ["paper2023_errors", "paper2023_recipe"]
    shown = [[cell.text for cell in row] for row in page.tables[0].rows]
    assert shown[1] == ["target only", "0.132", "0.1400", "0.1300", "0.1500", "0.1400", "0.1500"]
    assert "without the leaks" in page.verdict
    assert any("830 of the 855" in line for line in page.limits)
    assert any("changed and not committed" in line for line in page.limits)
    assert "2" * 64 in render(page)


def test_without_folds_the_papers_procedure_is_refused(paper, tmp_path):
    graph = Graph()
    graph.add(Node("p", "paper2023", "toy"))
    with pytest.raises(UserError, match="no errors by fold"):
        paper2023_page(paper, tmp_path, [], graph)
