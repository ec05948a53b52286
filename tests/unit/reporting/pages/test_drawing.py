from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

HOSTILE = '</svg><script>alert(1)</script>--> $\\frac{1$ & "x"'


def test_a_drawing_is_kept_as_png_svg_and_csv(make_drawing, tmp_path):
    make_drawing().save(tmp_path, tmp_path)
    assert (tmp_path / "point.png").read_bytes().startswith(b"\x89PNG")
    ET.fromstring((tmp_path / "point.svg").read_bytes())  # noqa: S314 - our own
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "point.csv"), pd.DataFrame({"x": [1], "y": [2]})
    )


def test_the_same_drawing_gives_the_same_files(make_drawing, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        make_drawing().save(tmp_path / name, tmp_path / name)
    for kind in ("png", "svg", "csv"):
        one, other = (tmp_path / name / f"point.{kind}" for name in "ab")
        assert one.read_bytes() == other.read_bytes()


def test_in_a_page_colours_are_those_of_the_page_and_ids_its_own(make_drawing):
    inline = str(make_drawing(name="own").inline())
    assert "var(--blue, #0072b2)" in inline
    assert "var(--ink, #1a1a1b)" in inline
    assert "var(--paper, #ffffff)" in inline
    ids = re.findall(r'\bid="([^"]+)"', inline)
    assert ids
    assert all(each.startswith("own-") for each in ids)
    assert len(set(ids)) == len(ids)
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', inline)
    assert used
    assert set(used) <= set(ids)


def test_it_has_an_alternative_text_and_no_style_of_the_whole_page(make_drawing):
    inline = str(make_drawing(alt='A "quoted" <finding>').inline())
    root = ET.fromstring(inline)  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'A "quoted" <finding>'
    assert "<style" not in inline
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]+"', "", inline)


def test_hostile_text_is_drawn_and_no_more(make_drawing, tmp_path):
    drawing = make_drawing(title=HOSTILE, alt=HOSTILE)
    inline = str(drawing.inline())
    ET.fromstring(inline)  # noqa: S314 - our own
    assert "<script" not in inline
    drawing.save(tmp_path, tmp_path)
    assert b"<script" not in (tmp_path / "point.svg").read_bytes()


@pytest.mark.parametrize("colour", ["light", "dark", "print"])
def test_the_page_has_every_colour_for(colour):
    from cetransfer.reporting.pages.page import _read
    from cetransfer.reporting.pages.palette import VARIABLES

    style = _read("style.css")
    blocks = re.findall(r":root \{([^}]*)\}", style)
    block = blocks[{"light": 0, "dark": 1, "print": 2}[colour]]
    for name in VARIABLES.values():
        assert f"--{name}:" in block
