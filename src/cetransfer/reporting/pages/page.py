"""The page of a report: what stands in it, and how it becomes one file."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from cetransfer.reporting.pages.drawing import Drawing
from cetransfer.reporting.pages.table import PageTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jinja2 import Template


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Listing:
    """Lines as they are typed or kept, in a fixed-width face: commands, a diagram's text."""

    label: str
    text: str


Part = Drawing | PageTable | Words | Listing
"""What a section is made of."""


@dataclass(frozen=True)
class Section:
    """A part of a report with a heading; `slug` is its place in the page."""

    slug: str
    heading: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Page:
    """A report.

    Parameters
    ----------
    title
        What was done, in a few words.
    verdict
        What came out, in a sentence.
    sections
        In their order.
    rests_on
        What the numbers rest on: name and value of data hashes, commit, model ids.
    limits
        What they do not say, a sentence each.
    command
        Lines that give the same numbers.
    notes
        What the user was told of the data.
    """

    title: str
    verdict: str
    sections: Sequence[Section]
    rests_on: Sequence[tuple[str, str]]
    limits: Sequence[str]
    command: Sequence[str]
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def drawings(self) -> list[Drawing]:
        """All figures."""
        return [part for part in self._parts() if isinstance(part, Drawing)]

    @property
    def tables(self) -> list[PageTable]:
        """All tables."""
        return [part for part in self._parts() if isinstance(part, PageTable)]

    def _parts(self) -> Iterable[Part]:
        return (part for section in self.sections for part in section.parts)


def render(page: Page) -> str:
    """Return a page as HTML that loads nothing; what comes from the user is text everywhere."""
    style, script = _read("style.css"), _read("table.js")
    return _template().render(
        page=page,
        kind=lambda part: type(part).__name__.lower(),
        style=style,
        script=script,
        # the one script that may run, whatever a name of the user's tries
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_read("report.html.j2"))


def _read(name: str) -> str:
    return (files("cetransfer.reporting.pages") / "template" / name).read_text("utf-8")
