from __future__ import annotations

import pandas as pd

from cetransfer.reporting.predictions import show_predictions


def test_an_interval_that_is_not_there_is_a_dash(capsys):
    row = {"formula": "SrTiO3", "formation_energy": -3.5, "lower": float("nan"), "model": "abc"}
    about = {
        "quantity": "formation_energy",
        "unit": "eV/atom",
        "id": "abc",
        "strategy": {"name": "fine_tune"},
        "dataset": "mine",
        "scores": {"mae": 0.1},
    }
    show_predictions(pd.DataFrame([row]), about, 5)
    printed = capsys.readouterr().out
    assert "nan" not in printed
    assert printed.splitlines()[3].split() == ["SrTiO3", "-3.5000", "-"]
