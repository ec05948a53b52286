"""The reports of a sweep and of the paper's procedure."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.reporting.pages.page import render
from cetransfer.reporting.pages.paper2023 import paper2023_page
from cetransfer.reporting.pages.sweep import sweep_page
from cetransfer.tracking.lineage.graph import Graph, Node

WINNER = {
    "trial": 1,
    "parameters": {"network.dropout": 0.1, "network.activation": "relu"},
    "overrides": ["network.dropout=0.1"],
    "outer": {"error": 0.12, "low": 0.1, "high": 0.14, "rows": 20},
    "fresh_inner_error": 0.14,
    "best_inner_error": 0.13,
    "optimism": 0.01,
    "labels": 20,
    "size": 100,
}
SWEEP = {
    "sweep": "small",
    "dataset": "toy",
    "protocol_words": "2-fold, 40 labelled rows",
    "unit": "eV/atom",
    "key": "0123456789abcdef",
    "commit": "abc",
    "dirty": True,
    "seed": 0,
    "score": {"error": 0.12, "low": 0.1, "high": 0.14, "rows": 40},
    "optimism": 0.01,
    "notes": [],
    "space": [{"key": "network.dropout"}, {"key": "network.activation"}],
    "outer": [
        {"fold": fold, "winners": [WINNER], "importances": {"network.dropout": 0.9, "x": 0.1}}
        for fold in (0, 1)
    ],
    "data_hashes": {"toy.parquet": "1" * 64},
}


@pytest.fixture
def trials(tmp_path):
    table = pd.DataFrame(
        {
            "outer": [0, 0, 1, 1],
            "trial": [0, 1, 0, 1],
            "state": ["complete", "pruned", "complete", "complete"],
            "inner_error": [0.2, None, 0.15, 0.13],
            "network.dropout": [0.1, 0.2, 0.3, 0.1],
        }
    )
    table.to_parquet(tmp_path / "trials.parquet")
    return tmp_path


def test_a_sweep_has_score_winners_importance_and_history(trials):
    page = sweep_page(SWEEP, trials, ["cetransfer sweep"])
    names = [drawing.name for drawing in page.drawings]
    assert names == ["nested_score", "importance", "history"]
    assert [table.name for table in page.tables] == ["winners", "parameters", "trials"]
    assert page.verdict.startswith("Nested score: 0.1200")
    html = render(page)
    assert "1" * 64 in html
    assert "not committed" in html
    assert "cetransfer compare network.dropout=0.1" in html
    importance = page.drawings[1].data.set_index("key")
    assert list(importance.index) == ["x", "network.dropout"]


def test_a_sweep_without_an_outer_fold_says_what_its_number_is(trials):
    alone = copy.deepcopy(SWEEP)
    alone.update(score=None, notes=["no outer fold, so there is no score"], commit=None)
    outer = alone["outer"][:1]
    outer[0].update(fold=None, importances={})
    outer[0]["winners"][0]["outer"] = None
    alone["outer"] = outer
    page = sweep_page(alone, trials, [])
    assert any("no nested score" in line for line in page.limits)
    assert any("outside a git repository" in line for line in page.limits)
    assert [drawing.name for drawing in page.drawings] == ["nested_score", "history"]


def test_a_sweep_without_trials_is_refused(tmp_path):
    with pytest.raises(UserError, match="no trials"):
        sweep_page(SWEEP, tmp_path, [])


ARMS = ("source", "target_only", "transfer")
ERRORS = {"last": 0.14, "best": 0.13, "hold_out": 0.15}
PAPER = {
    "doi": "10.1038/s41524-023-01068-7",
    "unit": "eV/atom",
    "published": {"target_only": 0.132, "transfer": 0.106},
    "repeated": dict.fromkeys(ARMS, ERRORS),
    "leak_free": {arm: {**ERRORS, "best": None} for arm in ARMS},
    "delta": {
        "published": -0.026,
        "repeated": 0.04,
        "leak_free": -0.004,
        "low": -0.03,
        "high": 0.02,
        "p": 0.7,
    },
    "recipe": {
        "transfer": {
            "name": "transfer",
            "epochs": 500,
            "learning_rate": 5e-4,
            "penalised": 5,
            "folds": 10,
        }
    },
    "config": {"network": {"hidden": [512, 64], "activation": "relu"}},
    "commit": None,
    "notes": ["a note"],
    "data_hashes": {"a.xlsx": "2" * 64},
}


def test_the_papers_procedure_has_a_table_of_its_own(tmp_path):
    rows = [
        {"procedure": procedure, "arm": arm, "fold": fold, "last": 0.1 + 0.01 * fold}
        for procedure in ("repeated", "leak_free")
        for arm in ARMS
        for fold in (0, 1)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "paper2023.csv", index=False)
    graph = Graph()
    graph.add(Node("p", "paper2023", "toy"))
    page = paper2023_page(PAPER, tmp_path, ["cetransfer compare"], graph)
    assert [table.name for table in page.tables] == ["paper2023_errors", "paper2023_recipe"]
    shown = [[cell.text for cell in row] for row in page.tables[0].rows]
    assert shown[1] == ["target only", "0.132", "0.1400", "0.1300", "0.1500", "0.1400", "0.1500"]
    assert "without the leaks" in page.verdict
    assert any("830 of the 855" in line for line in page.limits)
    assert "2" * 64 in render(page)


def test_without_folds_the_papers_procedure_is_refused(tmp_path):
    graph = Graph()
    graph.add(Node("p", "paper2023", "toy"))
    with pytest.raises(UserError, match="no errors by fold"):
        paper2023_page(PAPER, tmp_path, [], graph)
