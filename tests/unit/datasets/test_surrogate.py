from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.datasets import fetch
from cetransfer.datasets.catalogue import load
from cetransfer.datasets.surrogate import load_surrogate
from cetransfer.errors import UserError
from cetransfer.files import sha256


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data").mkdir()
    pd.DataFrame(
        {
            "formula": ["BaTi2O4", "CsB2O4", "CsCs2O4", "SrTi2O4"],
            "A": ["Ba", "Cs", "Cs", "Sr"],
            "B": ["Ti", "B", "Cs", "Ti"],
            "X": ["O"] * 4,
            "formation_energy": [-3.0, float("nan"), float("nan"), -3.1],
            "flag": ["", "no minimum", "no minimum", ""],
        }
    ).to_parquet(tmp_path / "data" / "surrogate_spinel.parquet")
    return tmp_path


def test_flagged_rows_are_left_out_and_counted(root):
    dataset = load("surrogate_spinel", root=root)
    assert dataset.frame["formula"].tolist() == ["BaTi2O4", "SrTi2O4"]
    assert dataset.frame.index.tolist() == [0, 1]
    assert dataset.notes == ("surrogate_spinel: 2 flagged rows left out: no minimum",)
    assert dataset.prototype == "spinel"


def test_the_hash_is_that_of_the_file(root):
    path = root / "data" / "surrogate_spinel.parquet"
    assert load_surrogate("surrogate_spinel", root).hashes == {path.name: sha256(path)}


def test_a_missing_table_names_the_file_and_dvc_pull(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "files", lambda _: tmp_path / "package")
    with pytest.raises(UserError, match=r"surrogate_perovskite\.parquet; run `dvc pull`"):
        load_surrogate("surrogate_perovskite", tmp_path)


def test_the_table_of_the_package_stands_in(root, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "files", lambda _: root)
    assert len(load_surrogate("surrogate_spinel", tmp_path / "elsewhere").frame) == 2


def test_a_damaged_table_is_named(root):
    (root / "data" / "surrogate_spinel.parquet").write_bytes(b"PAR1 not quite")
    with pytest.raises(UserError, match=r"surrogate_spinel\.parquet is no readable parquet file"):
        load_surrogate("surrogate_spinel", root)


def test_a_table_without_flags_is_refused(root):
    path = root / "data" / "surrogate_spinel.parquet"
    pd.read_parquet(path).drop(columns="flag").to_parquet(path)
    with pytest.raises(UserError, match="has no column flag"):
        load_surrogate("surrogate_spinel", root)
