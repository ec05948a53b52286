from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.compute.chosen import working_on
from cetransfer.datasets.dataset import Dataset
from cetransfer.errors import UserError
from cetransfer.features import store
from cetransfer.features.environment import featurize
from cetransfer.features.store import feature_file, stored_features
from cetransfer.settings import ComputeSettings, FeatureSettings
from cetransfer.structures.packed import pack
from cetransfer.structures.prototypes import PROTOTYPES

SETTINGS = FeatureSettings("ab_cece", 2, 1.0, 0.01, "open")
METALS = ("Sr", "Ba", "Ca", "Mg", "Pb")


@pytest.fixture
def data():
    perovskite = PROTOTYPES["perovskite"]
    cells = [perovskite.structure({"A": a, "B": "Ti", "X": "O"}, 4.0) for a in METALS]
    frame = pd.DataFrame({"A": METALS, "B": "Ti", "X": "O", "formation_energy": -3.0})
    frame.insert(0, "formula", frame["A"] + "TiO3")
    frame["row"] = range(11, 16)
    return Dataset("mine", frame, None, {}, structures=pack(cells))


def test_features_come_from_the_structures_and_are_kept_under_their_key(data, tmp_path):
    values = stored_features(data, SETTINGS, tmp_path)
    assert values.dtype == np.float32
    assert values == pytest.approx(featurize(data.structures, SETTINGS), rel=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == [
        feature_file(data, SETTINGS, tmp_path).name
    ]
    wider = [PROTOTYPES["perovskite"].structure({"A": a, "B": "Ti", "X": "O"}, 4.1) for a in METALS]
    other = dataclasses.replace(data, structures=pack(wider))
    assert feature_file(other, SETTINGS, tmp_path) != feature_file(data, SETTINGS, tmp_path)


def test_finished_parts_are_taken_and_damaged_ones_done_again(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(store, "PART", 2)
    expected = stored_features(data, SETTINGS, tmp_path / "whole")
    path = feature_file(data, SETTINGS, tmp_path)
    partial = tmp_path / f".{path.stem}.partial"
    partial.mkdir()
    marked = np.full((2, expected.shape[1]), 7.0)
    np.save(partial / "00000000.npy", marked)
    (partial / "00000002.npy").write_bytes(b"half a file")
    values = stored_features(data, SETTINGS, tmp_path)
    assert (values[:2] == 7).all()
    assert values[2:].tolist() == expected[2:].tolist()
    assert "going on: 1 of 3 parts" in capsys.readouterr().err
    assert not partial.exists()


def test_a_cluster_gives_the_same_features(data, tmp_path, monkeypatch, dask_cluster):
    monkeypatch.setattr(store, "PART", 2)
    here = stored_features(data, SETTINGS, tmp_path / "here")
    with working_on(ComputeSettings("dask", address=dask_cluster.scheduler_address)):
        there = stored_features(data, SETTINGS, tmp_path / "there")
    assert there.tobytes() == here.tobytes()


def test_a_structure_without_features_is_named_by_its_row_in_the_file(data, tmp_path):
    frame = data.frame.assign(formula=["x"] * 5)
    cells = list(data.structures)
    cells[3].replace(1, "Es", properties={"role": "B"})
    bad = dataclasses.replace(data, frame=frame, structures=pack(cells))
    with pytest.raises(UserError, match=r"mine: row 14 \(x\): site 1: element Es is not in"):
        stored_features(bad, SETTINGS, tmp_path)
