from __future__ import annotations

import json

import pytest

from cetransfer.errors import UserError
from cetransfer.reporting.pages import write
from cetransfer.reporting.pages.page import Page, Section
from cetransfer.reporting.pages.write import report_key, write_report, written_before


@pytest.fixture
def page(make_drawing):
    return Page("t", "v", [Section("s", "h", [make_drawing()])], [], [], [], [])


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_report_is_a_page_with_its_figures_and_numbers(page, tmp_path):
    folder = tmp_path / "deep" / "report"
    write_report(page, {"key": "k"}, folder)
    assert names(folder) == [
        "data/point.csv",
        "figures/point.png",
        "figures/point.svg",
        "report.html",
        "report.json",
    ]
    assert [path.name for path in folder.parent.iterdir()] == ["report"]
    assert written_before(folder, "k")
    assert not written_before(folder, "other")


def test_a_page_that_was_changed_is_written_again(page, tmp_path):
    write_report(page, {"key": "k"}, tmp_path / "report")
    with (tmp_path / "report" / "report.html").open("a") as stream:
        stream.write("x")
    assert not written_before(tmp_path / "report", "k")


def test_a_report_takes_the_place_of_an_earlier_one(page, tmp_path):
    folder = tmp_path / "report"
    write_report(page, {"key": "one"}, folder)
    (folder / "figures" / "old.png").touch()
    write_report(page, {"key": "two"}, folder)
    assert json.loads((folder / "report.json").read_text())["key"] == "two"
    assert "figures/old.png" not in names(folder)


def test_nothing_of_the_users_is_replaced(page, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match="holds no report"):
        write_report(page, {}, tmp_path)
    assert names(tmp_path) == ["mine.txt"]


def test_a_page_too_big_for_mail_is_refused_and_nothing_is_left(page, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "MOST_BYTES", 100)
    write_aside = tmp_path / "report"
    with pytest.raises(UserError, match="go through no mail"):
        write_report(page, {}, write_aside)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(page, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="output_dir=FOLDER"):
        write_report(page, {}, tmp_path / "file" / "report")


def test_the_key_follows_the_files_of_the_result(tmp_path):
    (tmp_path / "comparison.json").write_text("{}")
    before = report_key(tmp_path)
    (tmp_path / "strategies.png").touch()
    (tmp_path / "candidates.parquet").mkdir()
    assert report_key(tmp_path) == before
    (tmp_path / "comparison.json").write_text('{"a": 1}')
    assert report_key(tmp_path) != before
