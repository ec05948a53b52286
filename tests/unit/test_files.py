from __future__ import annotations

import pytest

from cetransfer.errors import UserError
from cetransfer.files import sha256, write_aside


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "sub" / "folder" / "result.txt"
    with write_aside(path) as aside:
        aside.write_text("half")
        assert not path.exists()
        aside.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_replaced_in_one_go(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old")
    with write_aside(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, UserError])
def test_on_failure_the_old_file_stays_and_nothing_is_left_over(tmp_path, error):
    path = tmp_path / "result.txt"
    path.write_text("old")

    def fail():
        with write_aside(path) as aside:
            aside.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_can_be_written_aside_too(tmp_path):
    with write_aside(tmp_path / "net") as aside:
        aside.mkdir()
        (aside / "weights").touch()
    assert [path.name for path in (tmp_path / "net").iterdir()] == ["weights"]


def test_a_folder_is_removed_on_failure(tmp_path):
    def fail():
        with write_aside(tmp_path / "net") as aside:
            aside.mkdir()
            (aside / "weights").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_a_users_error(tmp_path):
    (tmp_path / "file").touch()

    def fail():
        with write_aside(tmp_path / "file" / "result.txt"):
            pass

    with pytest.raises(UserError, match=r"cannot write .*result\.txt: .*output_dir=/tmp/"):
        fail()


def test_the_hash_is_that_of_the_standard(tmp_path):
    # FIPS 180-2, appendix B.1
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == expected
