"""A small comparison as its folder tells it, and a drawing of one point."""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.result import stage
from cetransfer.reporting.pages.comparison.stored import read_stored
from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.palette import BLUE, report_style


@pytest.fixture(scope="session")
def folder(finished, tmp_path_factory):
    """Return the folder of a comparison; only to be read."""
    return stage(finished, tmp_path_factory.mktemp("stored") / "result")


@pytest.fixture(scope="session")
def document(folder):
    """Return the document of that comparison; only to be read."""
    return json.loads((folder / "comparison.json").read_text())


@pytest.fixture(scope="session")
def stored(folder, document):
    """Return that comparison."""
    return read_stored(folder, document)


@pytest.fixture
def make_drawing():
    """Call with words for a figure of one point to get its drawing."""

    def make(name="point", title="a point", alt="one point"):
        from matplotlib.figure import Figure

        with report_style():
            figure = Figure(figsize=(3, 2), layout="constrained")
            axes = figure.subplots()
            axes.scatter([1], [2], color=BLUE)
            axes.plot([0, 1], [0, 1], clip_on=True)
            axes.set_title(title)
        data = pd.DataFrame({"x": [1], "y": [2]})
        return Drawing(name, "A caption.", alt, figure, data)

    return make


WINNER = {
    "trial": 1,
    "parameters": {"network.dropout": 0.1, "network.activation": "relu"},
    "overrides": ["network.dropout=0.1"],
    "compare": ["network.hidden=[128, 64]", "network.dropout=0.1"],
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


@pytest.fixture
def sweep():
    """Return the document of a sweep; yours to change."""
    return copy.deepcopy(SWEEP)


@pytest.fixture
def paper():
    """Return the document of the paper's procedure; yours to change."""
    return copy.deepcopy(PAPER)


@pytest.fixture
def trials(tmp_path):
    """Return a folder with the trials of that sweep."""
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


@pytest.fixture
def folds(tmp_path):
    """Return a folder with the errors of that procedure by fold."""
    rows = [
        {"procedure": procedure, "arm": arm, "fold": fold, "last": 0.1 + 0.01 * fold}
        for procedure in ("repeated", "leak_free")
        for arm in ARMS
        for fold in (0, 1)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "paper2023.csv", index=False)
    return tmp_path


FUNNEL = [
    {
        "criterion": name,
        "words": words,
        "symbol": column,
        "unit": unit,
        "source": "a source",
        "column": column,
        "limits": limits,
        "before": before,
        "after": after,
        "dropped": before - after,
    }
    for name, words, column, unit, limits, before, after in (
        ("goldschmidt", "0.7 < t <= 1.1", "t", "", {"above": 0.7, "at_most": 1.1}, 16, 12),
        ("charge_balance", "charges balance", "charge_balanced", "", {}, 12, 6),
        ("formation_energy", "E_f < -1", "formation_energy", "eV/atom", {"below": -1.0}, 6, 4),
    )
]
SCREEN = {
    "key": "fedcba9876543210",
    "command": "cetransfer screen space=abo3",
    "name": "abo3",
    "seed": 0,
    "commit": "abc",
    "dirty": False,
    "model": {"id": "6ba8046e247262d4", "strategy": "fine_tune", "dataset": "toy"},
    "energies": {"origin": "model", "words": "model 6ba8046e247262d4"},
    "space": {"name": "abo3", "prototype": "perovskite"},
    "funnel": FUNNEL,
    "counts": {"candidates": 16, "shortlist": 4, "expected": 3.6},
    "further": {},
    "data_hashes": {"toy.csv": "3" * 64},
    "radii": {"name": "li2023", "words": "one radius per element"},
    "provenance": {"candidates": {"training data": 2, "not found": 14}, "shortlist": {}},
    "notes": [],
    "limits": ["an element is new"],
}


@pytest.fixture
def screen():
    """Return the document of a screening of 4 x 4 compounds; yours to change."""
    return copy.deepcopy(SCREEN)


@pytest.fixture
def candidates(tmp_path):
    """Return a folder with the candidates of that screening."""
    pairs = [(a, b) for a in ("Ca", "Sr", "Ba", "La") for b in ("Ti", "Zr", "Hf", "Sn")]
    count = np.arange(16)
    t, balanced = 0.6 + 0.04 * count, count % 2 == 0
    energy = -2.2 + 0.1 * count
    dropped = np.select(
        [(t <= 0.7) | (t > 1.1), ~balanced, energy >= -1.0],
        ["goldschmidt", "charge_balance", "formation_energy"],
        "",
    )
    known = np.full(16, "", object)
    known[[4, 6, 5]] = "perovskite"
    known[[0, 8]] = "not a perovskite"
    words = [f"{each} (bartel2019)" if each else "not found" for each in known]
    words[4] = "training data; perovskite (bartel2019)"
    table = pd.DataFrame(
        {
            "formula": [f"{a}{b}O3" for a, b in pairs],
            "A": [a for a, _ in pairs],
            "B": [b for _, b in pairs],
            "X": "O",
            "charge_balanced": balanced,
            "t": t,
            "mu": 0.4 + 0.02 * count,
            "formation_energy": energy,
            "lower": energy - 0.1,
            "upper": energy + 0.1,
            "applicability": "ok",
            "dropped_by": dropped,
            "probability": np.where(dropped == "", 0.9, 0.0),
            "rank": 1 + np.argsort(np.argsort(np.where(dropped == "", count, count + 100))),
            "bartel2019": known,
            "provenance": words,
        }
    )
    table.to_parquet(tmp_path / "candidates.parquet")
    return tmp_path
