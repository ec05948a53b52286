"""The model that comes with the data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cetransfer.models.folder import read
from cetransfer.models.load import load

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "models" / "default"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "model.json").is_file(), reason=f"no model in {FOLDER}: run `dvc pull`"
)


def test_it_is_small_and_made_by_a_clean_tree():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 12_000_000
    about = read(FOLDER)
    assert about["dirty"] is False
    assert about["strategy"]["name"] == "profile_kernel"


def test_it_predicts_rows_it_was_not_trained_on_as_well_as_the_readme_says():
    table = pd.read_parquet(ROOT / "data" / "surrogate_perovskite.parquet")
    table = table[table["flag"] == ""].iloc[::10].reset_index(drop=True)
    found = load(FOLDER).predict(table)
    error = (found["formation_energy"] - table["formation_energy"]).abs()
    assert error.mean() < 0.06
    label = table["formation_energy"]
    assert 0.85 < ((found["lower"] <= label) & (label <= found["upper"])).mean() < 0.98


def test_a_model_says_what_it_is_in_one_line():
    told = repr(load(FOLDER))
    assert told.count("\n") == 0
    assert "formation_energy in eV/atom, profile_kernel on surrogate" in told
