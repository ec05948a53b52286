from __future__ import annotations

import gzip
import hashlib
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cetransfer.datasets import emery2017, fetch
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
        ("t.json.gz", gzip.compress(b"[]", mtime=0)),
        ("t.json.gz", gzip.compress(b"no json", mtime=0)),
        ("t.csv", b"formula\nSrTiO3\n"),
        ("t.csv", b""),
    ],
)
def test_another_file_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match="is no table of emery2017"):
        read_table(tmp_path / name)


@pytest.fixture
def figshare(tmp_path, monkeypatch):
    """Serve a small table as matminer packs it, at the address of the public one."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Print nothing."""

    # matminer writes all columns of the origin, ours and others
    content = {
        "index": [0, 1],
        "columns": [*COLUMNS, "gap pbe"],
        "data": [[*ROW, 1.8], ["Ac2O3", "Ac", "Ac", -2.732, 0.8, 4.7, 4.7, 4.7, "cubic", 0.3]],
    }
    folder = tmp_path / "figshare"
    folder.mkdir()
    packed = gzip.compress(json.dumps(content).encode())
    (folder / "13354616").write_bytes(packed)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(fetch.MIRROR, raising=False)
    monkeypatch.setenv(fetch.CACHE, str(tmp_path / "cache"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{running.server_address[1]}/13354616"
        monkeypatch.setattr(emery2017, "URL", url)
        monkeypatch.setattr(emery2017, "JSON_SHA256", hashlib.sha256(packed).hexdigest())
        yield folder / "13354616"
        running.shutdown()


def test_without_a_mirror_the_public_file_is_downloaded_once(figshare, tmp_path):
    data = load("emery2017", root=tmp_path)
    assert data.frame["formula"].tolist() == ["SrTiO3", "Ac2O3"]
    assert data.frame.loc[1, ["A", "B", "X"]].tolist() == ["Ac", "Ac", "O"]
    assert data.labels.tolist() == [-3.5, -2.732]
    assert data.hashes == {emery2017.JSON: emery2017.JSON_SHA256}
    assert data.rests_on == ("Open Quantum Materials Database",)
    assert (tmp_path / "cache" / "emery2017" / emery2017.JSON).is_file()
    figshare.unlink()
    again = load("emery2017", root=tmp_path)
    assert again.frame.equals(data.frame)


def test_a_page_in_place_of_the_public_file_is_called_so(figshare, tmp_path):
    figshare.write_text("<!doctype html><p>are you human?")
    with pytest.raises(UserError, match="/13354616 gave an HTML page in place of the file"):
        load("emery2017", root=tmp_path)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


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
