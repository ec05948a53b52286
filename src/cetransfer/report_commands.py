"""What `report` does, told as a sequence of steps."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cetransfer.errors import UserError
from cetransfer.progress import say, set_quiet
from cetransfer.settings import project_root

if TYPE_CHECKING:
    from cetransfer.reporting.pages.find import Found
    from cetransfer.reporting.pages.page import Page
    from cetransfer.settings_report import ReportSettings
    from cetransfer.tracking.lineage.graph import Graph
    from cetransfer.tracking.records import Records


def report(settings: ReportSettings) -> None:
    """Draw a result and write the report of it."""
    from cetransfer.reporting.pages.find import find_result
    from cetransfer.reporting.pages.write import (
        report_key,
        require_own,
        write_report,
        written_before,
    )
    from cetransfer.tracking.lineage.facts import REPORT_PAGE
    from cetransfer.tracking.records import open_records

    set_quiet(quiet=settings.quiet)
    root = project_root()
    records = open_records(settings.tracking, root)
    found = find_result(settings.run, records, root)
    output = (
        Path(settings.output_dir)
        if settings.output_dir
        else root / "outputs" / "report" / found.name
    )
    require_own(output)
    key = report_key(found.folder)
    if written_before(output, key):
        say("done before: the result is as it was when this report was made")
    else:
        say(f"drawing {found.kind} {found.folder}")
        page = _page(found, records, root)
        write_report(page, _document(settings, found, page, key, root), output)
    print(f"report  {output / REPORT_PAGE}")  # noqa: T201 - the result of the command


def _page(found: Found, records: Records, root: Path) -> Page:
    """Draw what was found; what cannot be drawn is refused before anything is looked up."""
    document, folder = found.document, found.folder
    if found.kind == "sweep":
        from cetransfer.reporting.pages.sweep import sweep_page

        graph = _lineage(found, records, root)
        return sweep_page(document, folder, _words("sweep", document), graph)
    if found.kind == "screen":
        from cetransfer.reporting.pages.screening.page import screening_page
        from cetransfer.reporting.pages.screening.stored import read_screening

        screened = read_screening(folder, document)
        lines = [*_checkout(document), str(document["command"])]
        return screening_page(screened, lines, _lineage(found, records, root))
    if found.kind == "paper2023":
        from cetransfer.reporting.pages.paper2023 import paper2023_page

        graph, lines = _lineage(found, records, root), _again(found, root)
        return paper2023_page(document, folder, lines, graph)
    from cetransfer.reporting.pages.comparison.data import data_drawings
    from cetransfer.reporting.pages.comparison.page import comparison_page
    from cetransfer.reporting.pages.comparison.stored import read_stored

    stored = read_stored(folder, document)
    graph, lines = _lineage(found, records, root), _again(found, root)
    return comparison_page(stored, lines, graph, data_drawings(stored, root))


def _lineage(found: Found, records: Records, root: Path) -> Graph | None:
    """Return the lineage of a result; None of a kind that has none."""
    from cetransfer.tracking.lineage.build import Builder, is_result

    return Builder(records, root).result(found.folder) if is_result(found.folder) else None


def _again(found: Found, root: Path) -> list[str]:
    """Return the lines that give the same numbers; where none do, why not and what does."""
    from cetransfer.reproduction.plan import plan_for, script
    from cetransfer.reproduction.work import Work

    work = Work("compare", found.document, None)
    try:
        return script(work, plan_for(work, root), Path("outputs") / "reproduce" / work.key[:16])
    except UserError as error:
        return [f"# {error}", f"cetransfer reproduce {work.key} --run"]


def _words(command: str, document: dict[str, Any]) -> list[str]:
    """Return the words that a document says it was made with."""
    words = shlex.join(document["words"])
    return [*_checkout(document), f"cetransfer {command} {words}".rstrip()]


def _checkout(document: dict[str, Any]) -> list[str]:
    commit = document.get("commit")
    return [f"git checkout {commit}"] if commit else []


def _document(
    settings: ReportSettings, found: Found, page: Page, key: str, root: Path
) -> dict[str, Any]:
    """Return what is kept of a report beside its page."""
    from cetransfer.files import sha256
    from cetransfer.tracking.lineage.facts import DOCUMENTS

    document, folder = found.document, found.folder.resolve()
    inside = folder.is_relative_to(root.resolve())
    return {
        "kind": found.kind,
        "run": settings.run,
        "key": key,
        "of": str(document.get("key")),
        "result": str(folder.relative_to(root.resolve()) if inside else folder),
        "result_sha256": sha256(folder / DOCUMENTS[found.kind]),
        "title": page.title,
        "verdict": page.verdict,
        "command": list(page.command),
        "config": document.get("config"),
        "seed": document.get("seed"),
        "commit": document.get("commit"),
        "dirty": document.get("dirty"),
        "data_hashes": document.get("data_hashes", {}),
        "models": document.get("models") or document.get("model") or {},
        "notes": list(page.notes),
        "limits": list(page.limits),
        "figures": [drawing.name for drawing in page.drawings],
        "tables": [table.name for table in page.tables],
    }
