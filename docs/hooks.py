"""What pages show of the repository: a section for each strategy, and files they link to."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from mkdocs.structure.files import File

from cetransfer.transfer.strategy import kinds

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

PROJECT = Path(__file__).resolve().parents[1]
STRATEGIES = "<!-- strategies -->"
OUTSIDE = re.compile(r"\]\(\.\./\.\./([^)#]+)\)")
"""A link from a page to a file of the repository, which works where the page is read there too."""

REFERENCES = (
    (re.compile(r"\barXiv:(\d{4}\.\d{4,5})"), r"[arXiv:\1](https://arxiv.org/abs/\1)"),
    (re.compile(r"\bdoi (10\.\d+/[^\s,;]*[^\s,;.)])"), r"[doi \1](https://doi.org/\1)"),
)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Put the files of the repository that pages link to beside the pages."""
    linked = {
        path
        for page in files.documentation_pages()
        for path in OUTSIDE.findall(page.content_string)
    }
    # a link to what is not there stays as it is, and MkDocs warns of it
    for path in sorted(linked):
        if not (PROJECT / path).is_file():
            continue
        files.append(File.generated(config, f"repository/{path}", abs_src_path=str(PROJECT / path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - MkDocs passes what it likes
    """Write the strategies where they belong, and lead links to where their files lie here."""
    if STRATEGIES in markdown:
        markdown = markdown.replace(STRATEGIES, strategies())
    return OUTSIDE.sub(r"](repository/\1)", markdown)


def strategies() -> str:
    """Return a section for each strategy: what its class says, and its keys with their defaults."""
    options = {path.stem: path for path in (PROJECT / "conf" / "strategy").glob("*.yaml")}
    return "\n".join(section(name, kind, options[name]) for name, kind in kinds().items())


def section(name: str, kind: type, option: Path) -> str:
    """Return the section of one strategy."""
    text = inspect.getdoc(kind) or ""
    # a name of the code, `one` as well as ``one``, is a name here
    for pattern, link in REFERENCES:
        text = pattern.sub(link, text)
    return f"### {name}\n\n{text}\n\n{keys(name, option)}"


def keys(name: str, option: Path) -> str:
    """Return the keys of a strategy with the words that stand above each in its file."""
    said, rows = "", []
    defaults = yaml.safe_load(option.read_text())
    for line in option.read_text().splitlines():
        comment, key = line.startswith("# "), line.partition(":")[0]
        if comment and not line.startswith("# @"):
            said = f"{said} {line[2:]}".strip()
        elif not comment:
            if key in defaults and key != "kind":
                rows.append(f"- `strategy.{name}.{key}={defaults[key]}`{said and f': {said}'}")
            said = ""
    return "\n".join(rows) + "\n"
