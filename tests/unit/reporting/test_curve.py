from __future__ import annotations

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from cetransfer.reporting.curve import curve_figure, show_curve

SIZES = (25, 100, 855)


def curve_of(strategies, baselines=("svr", "mean")):
    rows = [
        {
            "strategy": name,
            "kind": "strategy" if name in strategies else "baseline",
            "n_labelled": size,
            "mae": mae,
            "draw_low": mae - 0.3 / np.sqrt(size),
            "draw_high": mae + 0.3 / np.sqrt(size),
            "p_corrected": None if name == "target_only" else 0.01,
            "verdict": None if place == 0 or name in baselines else "gain",
        }
        for place, name in enumerate((*strategies, *baselines))
        for size in SIZES
        for mae in [(1 + 0.1 * place) / np.sqrt(size)]
    ]
    return pd.DataFrame(rows).astype({"p_corrected": float})


@pytest.mark.parametrize("count", [1, 5, 15])
def test_a_curve_of_any_number_of_strategies_is_drawn(tmp_path, count):
    names = ["target_only", *(f"strategy {n}" for n in range(count))]
    curve_figure(curve_of(names), "title", "eV/atom").savefig(tmp_path / "curve.png", dpi=150)
    pixels = matplotlib.image.imread(tmp_path / "curve.png")[..., :3]
    assert pixels.shape[1] > 1000
    assert 0.01 < (pixels < 0.9).any(axis=-1).mean() < 0.5


def test_every_line_is_drawn_in_its_own_way():
    from cetransfer.reporting.curve import _styles

    names = ["target_only", *(f"strategy {n}" for n in range(15))]
    styles = _styles(curve_of(names, ("svr", "extra_trees", "gradient_boosting", "mean")))
    assert len(set(styles.values())) == len(styles) == 20


def test_an_interval_that_reaches_below_zero_is_drawn(tmp_path):
    curve = curve_of(["target_only", "fine_tune"]).assign(draw_low=-0.5)
    curve_figure(curve, "title", "eV/atom").savefig(tmp_path / "curve.png", dpi=150)
    assert (tmp_path / "curve.png").is_file()


def test_the_table_has_every_strategy_and_says_where_its_gain_ends(capsys):
    document = {"crossover": {"fine_tune": 855}, "last_gain": {"fine_tune": None}}
    show_curve(curve_of(["target_only", "fine_tune"]), document, Console(width=122))
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if "fine_tune" in line]
    assert line.split() == [
        "fine_tune", "0.220", "gain", "0.110", "gain", "0.038", "gain", "855", "none",
    ]  # fmt: skip
    assert "svr" not in printed


def test_no_two_baselines_are_drawn_by_the_same_line():
    from cetransfer.reporting.curve import _styles

    names = ("svr", "gaussian_process", "gradient_boosting", "extra_trees", "mean", "best_baseline")
    styles = _styles(pd.DataFrame({"strategy": names, "kind": "baseline", "p_corrected": 1.0}))
    assert len(set(styles.values())) == len(names)
