from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from cetransfer.evaluation.learning_curve import COLUMNS, crossovers, curve_table, last_gains


def lines(name, *intervals, kind="strategy"):
    return pd.DataFrame(
        [
            {
                "strategy": name,
                "kind": kind,
                "n_labelled": 10 * 2**i,
                "delta_low": a,
                "delta_high": b,
            }
            for i, (a, b) in enumerate(intervals)
        ]
    )


def test_the_crossover_is_the_smallest_size_at_which_the_gain_is_open():
    table = pd.concat(
        [
            lines("target_only", (0, 0), (0, 0), (0, 0)),
            lines("lost", (-3, -1), (-2, 0.1), (-2, -1)),
            lines("kept", (-3, -1), (-2, -1), (-2, -0.1)),
            lines("never", (-1, 1), (1, 2), (1, 2)),
            lines("svr", (-1, 1), (1, 2), (1, 2), kind="baseline"),
        ]
    )
    assert crossovers(table, "target_only") == {"lost": 20, "kept": None, "never": 10}


def test_the_last_gain_is_the_largest_size_with_one():
    verdicts = {
        "late": ["not_distinguishable", "gain", "gain"],
        "lost": ["gain", "gain", "not_distinguishable"],
        "none": ["not_distinguishable"] * 3,
        "target_only": [None] * 3,
    }
    table = pd.concat(
        [lines(name, *[(0, 0)] * 3).assign(verdict=own) for name, own in verdicts.items()]
    )
    assert last_gains(table) == {"late": 40, "lost": 20, "none": None}


def test_the_interval_over_draws_by_hand():
    table = pd.DataFrame(
        {
            "strategy": "target_only",
            "part": "size_8",
            "repeat": 0,
            "fold": [0, 1, 2],
            "member": 0,
            "row": 1,
            "compound": "LiNaO3",
            "A": "Li",
            "B": "Na",
            "formation_energy": 0.0,
            "prediction": [1.0, -2.0, 3.0],
        }
    )
    score = SimpleNamespace(name="target_only", **dict.fromkeys(COLUMNS, 2.0))
    # mean 2, standard error sqrt(1/3 + shared), t with two degrees of freedom 4.302653
    for shared in (0.0, 0.5):
        curve = curve_table(
            {8: ([score], [])}, table, {8: "size_8"}, {8: shared}, "formation_energy"
        )
        reach = 4.302653 * (1 / 3 + shared) ** 0.5
        assert curve["draws"].item() == 3
        assert curve["draw_low"].item() == pytest.approx(2 - reach)
        assert curve["draw_high"].item() == pytest.approx(2 + reach)
