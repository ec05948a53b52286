"""A figure with what a reader needs who cannot see it, and with its numbers."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from markupsafe import Markup

from cetransfer.reporting.pages.palette import VARIABLES, report_style

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
DPI = 150


@dataclass(frozen=True)
class Drawing:
    """A figure of a report.

    Parameters
    ----------
    name
        Of its files; letters, digits and underscores.
    caption
        What it shows and how to read it.
    alt
        What a reader without eyes needs to know: the finding, not the look.
    figure
        Drawn in `report_style`.
    data
        The numbers behind it.
    wide
        Is it too wide for a phone, so that it is moved under a finger there.
    """

    name: str
    caption: str
    alt: str
    figure: Figure
    data: pd.DataFrame
    wide: bool = False

    @cached_property
    def svg(self) -> bytes:
        """The figure as a file of lines, black on white."""
        with report_style(), io.BytesIO() as stream:
            self.figure.savefig(
                stream, format="svg", dpi=DPI, facecolor="white", metadata={"Date": None}
            )
            # where everything stands is known now, and takes as long to find again
            self.figure.set_layout_engine("none")
            return stream.getvalue()

    def save(self, figures: Path, data: Path) -> None:
        """Write PNG and SVG into one folder and CSV into another."""
        (figures / f"{self.name}.svg").write_bytes(self.svg)
        with report_style():
            self.figure.savefig(
                figures / f"{self.name}.png",
                dpi=DPI,
                facecolor="white",
                metadata={"Software": None},
            )
        self.data.to_csv(data / f"{self.name}.csv", index=False)

    def inline(self) -> Markup:
        """Return an SVG element for a page: its ids are its own, its colours those of the page."""
        return _for_page(self.svg, self.name, self.alt)


def _for_page(drawn: bytes, name: str, alt: str) -> Markup:
    """Turn a file of matplotlib's into an element; all text is escaped as it is written."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    # comments, in which matplotlib repeats texts, are dropped when it is read
    root = ET.fromstring(drawn)  # noqa: S314 - drawn a line above, not given
    for parent in list(root.iter()):
        for child in list(parent):
            # a style element would be that of the whole page
            if child.tag in {f"{{{SVG}}}metadata", f"{{{SVG}}}style"}:
                parent.remove(child)
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _own(key, value, name))
    width, height = (float(value) for value in root.attrib["viewBox"].split()[2:])
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-label", alt)
    root.set("class", "drawing")
    root.set("style", f"--width: {width / 72:.2f}in; aspect-ratio: {width:.1f} / {height:.1f}")
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - escaped there


def _own(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == f"{{{XLINK}}}href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    if key in {"style", "clip-path", "fill", "stroke"}:
        value = re.sub(r"url\(#", f"url(#{name}-", value)
        return re.sub("#[0-9a-f]{6}", _variable, value)
    return value


def _variable(found: re.Match[str]) -> str:
    colour = found.group()
    return f"var(--{VARIABLES[colour]}, {colour})" if colour in VARIABLES else colour
