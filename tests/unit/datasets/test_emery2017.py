from __future__ import annotations

import gzip
import json

import pytest

from cetransfer.datasets.catalogue import load
from cetransfer.datasets.emery2017 import COLUMNS, read_table
from cetransfer.errors import UserError

ROW = ["SrTiO3", "Sr", "Ti", -3.5, 0.0, 3.9, 3.9, 3.9, "cubic"]


def test_the_public_json_and_a_csv_give_the_same_rows(tmp_path):
    packed, plain = tmp_path / "t.json.gz", tmp_path / "t.csv"
    content = {"index": [0], "columns": list(COLUMNS), "data": [ROW]}
    packed.write_bytes(gzip.compress(json.dumps(content).encode()))
    plain.write_text(",".join(COLUMNS) + "\n" + ",".join(map(str, ROW)) + "\n")
    first, second = read_table(packed), read_table(plain)
    assert first.to_dict("records") == second.to_dict("records")
    assert first.loc[0, ["A", "B", "X"]].tolist() == ["Sr", "Ti", "O"]
    assert first.loc[0, "formation_energy"] == -3.5


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json.gz", b"no gzip"),
        ("t.json.gz", gzip.compress(b"[]")),
        ("t.json.gz", gzip.compress(b"no json")),
        ("t.csv", b"formula\nSrTiO3\n"),
        ("t.csv", b""),
    ],
)
def test_another_file_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match="is no table of emery2017"):
        read_table(tmp_path / name)


@pytest.mark.usefixtures("mirror")
def test_the_mirrored_table(tmp_path):
    data = load("emery2017", root=tmp_path)
    frame = data.frame.set_index("formula")
    assert len(frame) == 4914
    assert data.prototype == "perovskite"
    assert frame.loc["Ac2O3", ["A", "B"]].tolist() == ["Ac", "Ac"]
    assert frame.loc["AcAlO3", "formation_energy"] == pytest.approx(-3.532)
    assert frame.loc["AcAlO3", "hull_distance"] == pytest.approx(-0.11)
    assert frame.loc["AcAlO3", "lattice_a"] == pytest.approx(3.858)
    assert list(data.hashes) == ["wolverton_oxides.csv"]
