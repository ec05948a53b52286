from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cetransfer.datasets.fetch import CACHE, MIRROR, cache_folder, fetch, parsed
from cetransfer.errors import UserError

CONTENT = b"formula,formation_energy\nSrTiO3,-3.5\n"
HASH = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE, str(folder))
    monkeypatch.delenv(MIRROR, raising=False)
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve one file under a name with a space, and list what was asked for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "a table.csv").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def files_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_the_mirror_goes_before_the_network(cache, tmp_path, monkeypatch):
    (tmp_path / "mirror" / "li").mkdir(parents=True)
    (tmp_path / "mirror" / "li" / "t.csv").write_bytes(CONTENT)
    monkeypatch.setenv(MIRROR, str(tmp_path / "mirror"))
    path = fetch("li", "t.csv", "http://nowhere.invalid/t.csv", HASH)
    assert path == tmp_path / "mirror" / "li" / "t.csv"
    assert not cache.exists()


def test_a_download_is_kept_and_checked_again(cache, server):
    path = fetch("li", "sub/a table.csv", f"{server}/a%20table.csv", HASH)
    assert path == cache / "li" / "sub" / "a table.csv"
    assert path.read_bytes() == CONTENT
    assert fetch("li", "sub/a table.csv", "http://nowhere.invalid/", HASH) == path
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match=rf"a table\.csv has SHA-256 .*{HASH}; delete the file"):
        fetch("li", "sub/a table.csv", "http://nowhere.invalid/", HASH)


def test_a_changed_public_file_leaves_nothing_behind(cache, server):
    with pytest.raises(UserError, match=rf"the file at http.* changed .*expected {'0' * 64}\)"):
        fetch("li", "t.csv", f"{server}/a%20table.csv", "0" * 64)
    assert files_in(cache) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "0 bytes"),
        (b"\n<!DOCTYPE html><title>Sign in</title>", "an HTML page"),
        (b"\xef\xbb\xbf<HTML>", "an HTML page"),
        (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "an XML document"),
        (b"PK\x03\x04\x14\x00", "a zip file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    ],
)
def test_what_came_in_place_of_the_file_is_named(cache, server, tmp_path, content, kind):
    (tmp_path / "public" / "t.csv").write_bytes(content)
    url = f"{server}/t.csv"
    with pytest.raises(UserError, match=rf"{url} gave {kind} in place .* set {MIRROR}") as caught:
        fetch("li", "t.csv", url, HASH)
    assert "\n" not in str(caught.value)
    assert files_in(cache) == []


def test_a_changed_workbook_is_no_zip_in_its_place(cache, server, tmp_path):
    (tmp_path / "public" / "t.xlsx").write_bytes(b"PK\x03\x04\x14\x00")
    with pytest.raises(UserError, match=r"t\.xlsx has changed"):
        fetch("li", "t.xlsx", f"{server}/t.xlsx", HASH)
    assert files_in(cache) == []


def test_a_download_cut_short_is_no_file(cache, server, tmp_path, monkeypatch):
    (tmp_path / "public" / "t.csv").write_bytes(CONTENT)
    monkeypatch.setattr(Quiet, "copyfile", lambda _, __, out: out.write(CONTENT[:9]))
    with pytest.raises(UserError, match=r"cannot download .*/t\.csv \("):
        fetch("li", "t.csv", f"{server}/t.csv", HASH)
    assert files_in(cache) == []


@pytest.mark.usefixtures("cache")
def test_an_empty_file_in_the_mirror_is_called_so(tmp_path, monkeypatch):
    (tmp_path / "li").mkdir()
    (tmp_path / "li" / "t.csv").touch()
    monkeypatch.setenv(MIRROR, str(tmp_path))
    with pytest.raises(UserError, match=r"t\.csv \(0 bytes\) has SHA-256 .*; copy it again"):
        fetch("li", "t.csv", "http://nowhere.invalid/", HASH)


def test_a_missing_public_file_names_url_and_mirror(cache, server):
    with pytest.raises(UserError, match=rf"cannot download .*/gone\.csv \(404\).*set {MIRROR}"):
        fetch("li", "t.csv", f"{server}/gone.csv", HASH)
    assert files_in(cache) == []


def test_no_network_names_url_and_mirror(cache, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    url = "http://127.0.0.1:9/t.csv"  # the discard port: nothing listens
    with pytest.raises(UserError, match=rf"cannot download {url} .*set {MIRROR}") as caught:
        fetch("li", "t.csv", url, HASH)
    assert "\n" not in str(caught.value)
    assert files_in(cache) == []


@pytest.mark.usefixtures("cache")
def test_a_mirror_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(MIRROR, str(tmp_path / "none"))
    with pytest.raises(UserError, match=rf"{MIRROR}=.*none is not a folder"):
        fetch("li", "t.csv", "http://nowhere.invalid/", HASH)


@pytest.mark.usefixtures("cache")
def test_a_file_the_mirror_lacks_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(MIRROR, str(tmp_path))
    with pytest.raises(UserError, match=r"the mirror has no file .*li/t\.csv"):
        fetch("li", "t.csv", "http://nowhere.invalid/", HASH)


@pytest.mark.usefixtures("cache")
def test_a_mirrored_file_with_another_hash_is_refused(tmp_path, monkeypatch):
    (tmp_path / "li").mkdir()
    (tmp_path / "li" / "t.csv").write_bytes(b"other")
    monkeypatch.setenv(MIRROR, str(tmp_path))
    with pytest.raises(UserError, match=rf"t\.csv has SHA-256 .*, expected {HASH}; copy it again"):
        fetch("li", "t.csv", "http://nowhere.invalid/", HASH)


def test_a_parsed_form_is_made_once_per_content(cache, tmp_path):
    source = tmp_path / "t.csv"
    source.write_bytes(CONTENT)
    made = []

    def write(path):
        made.append(path)
        path.write_text("parsed")

    first, again = parsed(source, ".txt", write), parsed(source, ".txt", write)
    assert first == again == cache / "parsed" / f"{HASH}.txt"
    assert len(made) == 1
    source.write_bytes(b"changed")
    assert parsed(source, ".txt", write) != first


def test_a_failed_parse_leaves_nothing_behind(cache, tmp_path):
    source = tmp_path / "t.csv"
    source.write_bytes(CONTENT)

    def write(path):
        path.write_text("half")
        raise UserError("broken")

    with pytest.raises(UserError, match="broken"):
        parsed(source, ".txt", write)
    assert files_in(cache) == []


def test_a_cache_that_cannot_be_made_names_the_variable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE, str(tmp_path / "file" / "cache"))
    with pytest.raises(UserError, match=f"cannot make the cache folder .*set {CACHE}"):
        parsed(tmp_path / "file", ".txt", lambda _: None)


def test_without_a_variable_the_cache_is_the_users(monkeypatch):
    monkeypatch.delenv(CACHE, raising=False)
    assert cache_folder().name == "cetransfer"
