"""Colours of the reports' figures, and how one figure serves light and dark pages alike."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

if TYPE_CHECKING:
    from collections.abc import Iterator

INK = "#1a1a1b"
"""Text, axes and lines; no other thing has this colour, so that a page may put its own there."""

# Okabe & Ito, https://jfly.uni-koeln.de/color/: told apart by colour-blind readers too
BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
AMBER = "#e69f00"
GREY = "#999999"

VARIABLES = {
    INK: "ink",
    "#000000": "ink",
    BLUE: "blue",
    VERMILION: "vermilion",
    GREEN: "green",
    PURPLE: "purple",
    SKY: "sky",
    AMBER: "amber",
    GREY: "grey",
    "#ffffff": "paper",
}
"""The variable of `style.css` for a colour in a page; light and dark pages have their own."""

SEQUENTIAL = "cividis"
"""Of what is counted or measured from 0; Nunez et al., doi 10.1371/journal.pone.0199239."""

DIVERGING = "PuOr_r"
"""Of differences; colour-blind safe after Brewer, https://colorbrewer2.org."""

_STYLE: dict[str, Any] = {
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.family": ["DejaVu Sans"],
    # names come from the user: a dollar sign in one begins no formula
    "text.parse_math": False,
    "svg.fonttype": "path",
    # ids within a file follow from its content, so that the same numbers give the same file
    "svg.hashsalt": "cetransfer",
    "axes.unicode_minus": True,
}


@contextmanager
def report_style() -> Iterator[None]:
    """Draw in the colours of reports while the block runs, and to files alone."""
    mpl.use("Agg")
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type] # names are not plain strings there
        yield
