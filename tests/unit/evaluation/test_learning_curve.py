from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.learning_curve import crossovers, interval_over_draws, last_gains


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
    # mean 2, standard error 1 / sqrt(3), t with two degrees of freedom 4.302653
    low, high = interval_over_draws(np.array([1.0, 2.0, 3.0]))
    assert (low, high) == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5))
