from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.screening.known_list import key_of, read_known
from cetransfer.screening.provenance import provenance_of
from cetransfer.screening.training_rows import training_keys
from cetransfer.structures.prototypes import prototype_named

ROOT = Path(__file__).parents[3]
PEROVSKITE = prototype_named("perovskite")
FRAME = pd.DataFrame(
    {
        "formula": ["SrTiO3", "AlBO3", "BeZnO3", "UUO3"],
        "A": ["Sr", "Al", "Be", "U"],
        "B": ["Ti", "B", "Zn", "U"],
        "X": "O",
    }
)


def settings(tables=(), experiments=(), known=None):
    return SimpleNamespace(
        provenance=SimpleNamespace(tables=list(tables), experiments=list(experiments)), known=known
    )


def test_calculations_and_experiments_are_named_with_their_values(mirror):
    assert mirror
    asked = settings(["emery2017", "li2023_perovskite", "li2023_spinel"], ["bartel2019"])
    found = provenance_of(FRAME, PEROVSKITE, asked, None, ROOT)
    assert found.columns["bartel2019"][:2] == ["perovskite", "not a perovskite"]
    assert found.columns["emery2017_hull_distance"][0] == pytest.approx(0.0, abs=0.1)
    assert found.columns["emery2017_formation_energy"][0] == pytest.approx(-3.4, abs=0.2)
    # the released formula says BeZnO3 and means either order
    assert np.isfinite(found.columns["li2023_perovskite_formation_energy"][2])
    assert "li2023_spinel_formation_energy" not in found.columns
    assert found.columns["provenance"][0] == (
        "calculated (emery2017); calculated (li2023_perovskite); perovskite (bartel2019)"
    )
    assert len(found.hashes) == 3
    assert found.counts(np.array([True, False, False, False]))["perovskite (bartel2019)"] == 1


def test_what_is_nowhere_is_not_found(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("formula,reference\nSrTiO3,doi 10.1/x\nSrTiO3,a book\nMgO,a mine\n")
    found = provenance_of(FRAME, PEROVSKITE, settings(known=str(path)), None, ROOT)
    assert found.columns["known_reference"] == ["doi 10.1/x; a book", "", "", ""]
    assert found.columns["provenance"] == ["known (mine.csv)"] + ["not found"] * 3
    assert found.counts(np.ones(4, bool)) == {"known (mine.csv)": 1, "not found": 3}


def test_the_rows_that_a_model_was_trained_on_are_found():
    path = ROOT / "models" / "default" / "model.json"
    data = ROOT / "data" / "surrogate_perovskite.parquet"
    if not path.is_file() or not data.is_file():
        pytest.skip("the default model or its data are not here: run `dvc pull`")
    about = json.loads(path.read_text())
    keys, notes = training_keys(about, PEROVSKITE, ROOT)
    assert len(keys) == 855
    assert notes == []
    (told,) = (each for each in about["data"] if each["role"] == "target")
    told["files"] = dict.fromkeys(told["files"], "0" * 64)
    assert (
        "is not the file that the model was trained on"
        in training_keys(about, PEROVSKITE, ROOT)[1][0]
    )


def test_data_that_are_gone_are_told_and_no_reason_to_stop(tmp_path):
    about = {"data": [{"name": "own", "role": "target", "files": {}, "trained": "1-3"}]}
    about |= {"config": {"dataset": {"target": {"name": "nowhere"}}}}
    keys, notes = training_keys(about, PEROVSKITE, tmp_path)
    assert not keys
    assert notes[0].startswith("training rows of own are not known")


def test_elements_that_share_a_site_have_no_order():
    assert key_of(("La", "Sr"), ("Fe", ""), "O") == key_of(("Sr", "La"), ("", "Fe"), "O")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("formula\nSrTiO3\n", "no column 'reference'; it needs reference, formula"),
        ("name,reference\nSrTiO3,x\n", "no column 'formula'"),
        ("formula,reference\nSrTiO3,\n", r"row 1 \(SrTiO3\) has no reference"),
        ("formula,reference\nMgO,x\n", "no row is a perovskite ABO3"),
    ],
)
def test_a_list_of_known_compounds_that_says_nothing_is_refused(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_known(path, PEROVSKITE)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (settings(tables=["emery"]), "no data set 'emery'; did you mean emery2017"),
        (settings(tables=["bartel2019"]), "no data set 'bartel2019'"),
        (settings(experiments=["icsd"]), "'icsd' is unknown; bartel2019 is known"),
    ],
)
def test_unknown_tables_are_refused(asked, message):
    with pytest.raises(UserError, match=message):
        provenance_of(FRAME, PEROVSKITE, asked, None, ROOT)
