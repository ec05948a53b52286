from __future__ import annotations

import copy
import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation.coverage import Held
from cetransfer.reporting.pages.comparison.elements import (
    counted,
    elements_of_formulas,
    elements_of_sites,
)
from cetransfer.reporting.pages.comparison.errors import curve_drawing, paired_differences
from cetransfer.reporting.pages.comparison.limits import limits_of
from cetransfer.reporting.pages.comparison.maps import element_errors
from cetransfer.reporting.pages.comparison.page import comparison_page
from cetransfer.reporting.pages.comparison.stored import read_stored
from cetransfer.reporting.pages.page import render
from cetransfer.tracking.lineage.graph import Graph, Node


@pytest.fixture(scope="module")
def page(stored):
    graph = Graph()
    top = graph.add(Node("c", "comparison", "toy"))
    graph.add(Node("d", "data", "toy.parquet"), top)
    return comparison_page(stored, ["cetransfer compare"], graph, [])


def test_what_was_stored_is_read_again(stored, finished):
    assert stored.strategies == finished.strategies
    assert stored.baselines == finished.baselines
    assert stored.coverage == finished.coverage
    assert stored.reference == finished.reference
    assert stored.part == finished.part


def test_a_comparison_has_all_its_figures(page):
    assert {drawing.name for drawing in page.drawings} == {
        "strategies",
        "paired_differences",
        "parity",
        "error_by_element",
        "difference_by_element",
        "error_by_pair",
        "interval_coverage",
        "workflow",
        "lineage",
    }
    assert {table.name for table in page.tables} == {"scores", "proofs", "leakage"}
    for drawing in page.drawings:
        assert drawing.alt.endswith(".")
        assert len(drawing.data)


def test_the_page_says_the_verdict_the_hashes_and_the_command(page, stored):
    html = render(page)
    assert f"Lowest error: {stored.best.name}" in page.verdict
    assert page.verdict.split(" (")[0] in html
    for value in stored.document["data_hashes"].values():
        assert value in html
    for model in stored.document["models"].values():
        assert model in html
    assert "cetransfer compare" in html
    assert "flowchart TD" in html


def test_paired_differences_have_the_mean_that_is_told(stored):
    table = paired_differences(stored)
    for line in stored.strategies:
        if line is not stored.reference:
            own = table.loc[table["strategy"] == line.name, "difference"]
            assert len(own) == 3
            # folds of 10 rows each: the mean over folds is that over rows
            assert own.mean() == pytest.approx(line.delta)


def test_an_element_error_is_the_mean_over_its_rows(stored):
    table = element_errors(stored).set_index("element")
    scored = stored.scored[stored.scored["strategy"] == stored.best.name]
    for element in ("Li", "Be"):
        own = scored[(scored["A"] == element) | (scored["B"] == element)]
        if len(own):
            assert table.loc[element, f"mae_{stored.best.name}"] == pytest.approx(
                own["error"].abs().mean()
            )
            assert table.loc[element, "rows"] == own["row"].nunique()


def test_an_element_on_both_sites_counts_once():
    frame = pd.DataFrame({"A": ["Li", "Li", "Na"], "B": ["Li", "Na", ""]})
    assert counted(elements_of_sites(frame)) == {"Li": 2.0, "Na": 2.0}


def test_elements_of_formulas_leave_out_the_anion_that_all_share():
    assert elements_of_formulas(["SrTiO3", "YY2O4", "Sr2FeMoO6"]) == [
        {"Sr", "Ti"},
        {"Y"},
        {"Sr", "Fe", "Mo"},
    ]
    assert elements_of_formulas([]) == []


def test_a_learning_curve_marks_where_the_gain_ends(stored):
    rows = [
        {
            "strategy": name,
            "kind": kind,
            "n_labelled": size,
            "mae": mae,
            "draw_low": 0.9 * mae,
            "draw_high": 1.1 * mae,
            "p_corrected": p,
        }
        for name, kind, p in (
            ("target_only", "strategy", None),
            ("fine_tune", "strategy", 0.01),
            ("svr", "baseline", None),
        )
        for size, mae in ((50, 0.4), (200, 0.2))
    ]
    document = {**stored.document, "crossover": {"fine_tune": 200}}
    drawing = curve_drawing(
        dataclasses.replace(stored, curve=pd.DataFrame(rows), document=document)
    )
    assert "fine_tune at 200 rows" in drawing.alt
    (ring,) = [
        each for each in drawing.figure.axes[0].collections if each.get_label() == "crossover"
    ]
    assert ring.get_offsets().tolist() == [[200, 0.2]]
    assert curve_drawing(stored) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document["leakage"][0].update(new_to_source=["Cs", "Ac"]), "Ac, Cs"),
        (lambda document: document["leakage"][0].update(new_to_train=["U"]), "no training row"),
        (lambda document: document["leakage"][0].update(compounds_in_source=3), "same prototype"),
        (lambda document: document.update(commit=None), "outside a git repository"),
        (lambda document: document.update(commit="a", dirty=True), "not committed"),
        (
            lambda document: document["target"].update(rests_on=["CHGNet 0.3.0"]),
            "assisted by a potential",
        ),
    ],
)
def test_limits_are_told(stored, change, said):
    document = copy.deepcopy(stored.document) | {"commit": "a", "dirty": False}
    for split in document["leakage"]:
        split.update(new_to_train=[], new_to_source=[], compounds_in_source=0)
    before = " ".join(limits_of(dataclasses.replace(stored, document=document)))
    changed = copy.deepcopy(document)
    change(changed)
    assert said not in before
    assert said in " ".join(limits_of(dataclasses.replace(stored, document=changed)))


def test_shared_pairs_and_elements_never_seen_are_limits(stored):
    limits = limits_of(stored)
    assert any("Elements never seen" in line and "Ac" in line for line in limits)
    assert any("stand together in the source" in line for line in limits)


def test_intervals_that_do_not_hold_are_a_limit(stored):
    name, found = next(iter(stored.coverage.items()))
    short = dataclasses.replace(found, overall=Held(10, 0.5))
    limits = limits_of(dataclasses.replace(stored, coverage={name: short}))
    assert any(f"Intervals of {name}" in line and "all rows 50.0%" in line for line in limits)
    none = limits_of(dataclasses.replace(stored, coverage={}))
    assert any("was not measured" in line for line in none)


def test_without_predictions_there_is_no_report(document, tmp_path):
    with pytest.raises(UserError, match="has no predictions"):
        read_stored(tmp_path, document)


def test_a_document_of_another_version_is_refused(folder, document):
    older = copy.deepcopy(document)
    del older["strategies"][0]["p_better"]
    with pytest.raises(UserError, match="another version"):
        read_stored(folder, older)


def test_a_comparison_of_one_strategy_without_intervals_is_drawn(stored):
    names = [stored.reference.name, *(line.name for line in stored.baselines)]
    alone = dataclasses.replace(
        stored,
        strategies=[stored.reference],
        coverage={},
        intervals=pd.DataFrame(),
        predictions=stored.predictions[stored.predictions["strategy"].isin(names)],
    )
    graph = Graph()
    graph.add(Node("c", "comparison", "toy"))
    page = comparison_page(alone, [], graph, [])
    assert "difference_by_element" not in {drawing.name for drawing in page.drawings}
    assert np.isfinite(len(render(page)))


def test_hostile_names_stay_text(stored):
    hostile = "</script><script>alert(1)</script>$\\frac{"
    name = stored.best.name

    def renamed(table):
        return table.assign(
            strategy=table["strategy"].replace(name, hostile),
            compound=table["compound"] + "<script>",
        )

    document = json.loads(json.dumps(stored.document).replace(f'"{name}"', json.dumps(hostile)))
    document["notes"] = ["</style><script>alert(2)</script>"]
    changed = dataclasses.replace(
        stored,
        document=document,
        predictions=renamed(stored.predictions),
        intervals=renamed(stored.intervals),
        strategies=[
            dataclasses.replace(line, name=hostile) if line.name == name else line
            for line in stored.strategies
        ],
        coverage={hostile if key == name else key: own for key, own in stored.coverage.items()},
    )
    graph = Graph()
    graph.add(Node("c", "comparison", hostile))
    html = render(comparison_page(changed, [hostile], graph, []))
    assert html.count("<script>") == 1
    assert html.count("</style>") == 1
    assert "&lt;script&gt;alert(1)" in html
