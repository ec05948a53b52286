"""The commands about where numbers came from: lineage, reproduce, sync."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cetransfer.errors import UserError, nearest
from cetransfer.progress import say
from cetransfer.settings import project_root

if TYPE_CHECKING:
    from cetransfer.settings_lineage import LineageSettings, ReproduceSettings, SyncSettings

FORMATS = ("tree", "json", "mermaid")


def lineage(settings: LineageSettings) -> None:
    """Print what something rests on, or what rests on some data.

    Raises
    ------
    UserError
        If there is no such thing; and at the end, if something has changed.
    """
    from cetransfer.tracking.records import open_records

    if settings.format not in FORMATS:
        hint = nearest(settings.format, FORMATS, f"choose {', '.join(FORMATS)}")
        raise UserError(f"format={settings.format} is unknown; {hint}")
    if (settings.id is None) == (settings.descendants is None):
        raise UserError(
            "give one of both: an id, as in cetransfer lineage ID, or --descendants DATASET[:ROW]"
        )
    root = project_root()
    records = open_records(settings.tracking, root)
    if settings.descendants is not None:
        _descendants(settings, settings.descendants)
        return

    from cetransfer.reporting.lineage import show_lineage, summary
    from cetransfer.tracking.lineage.graph import CHANGED
    from cetransfer.tracking.lineage.mermaid import mermaid
    from cetransfer.tracking.lineage.resolve import lineage_of

    graph = lineage_of(str(settings.id), records, root)
    if settings.verify:
        from cetransfer.tracking.lineage.verify import verify

        verify(graph, records, root)
    if settings.format == "json":
        _tell(json.dumps(graph.document(), indent=2))
    elif settings.format == "mermaid":
        _tell(mermaid(graph))
    else:
        show_lineage(graph)
        if settings.verify:
            _tell(summary(graph))
    changed = graph.in_state(CHANGED)
    if changed:
        named = "; ".join(f"{node.kind} {node.name} ({node.reason})" for node in changed[:3])
        more = f"; and {len(changed) - 3} more" if len(changed) > 3 else ""  # noqa: PLR2004 - named above
        raise UserError(
            f"{len(changed)} of {len(graph.nodes)} changed since: {named}{more}; restore them, or "
            "take no number from here"
        )


def reproduce(settings: ReproduceSettings) -> None:
    """Print the commands that give the same numbers, or run them and compare.

    Raises
    ------
    UserError
        If it is not known how the numbers were made, or what comes out differs.
    """
    from cetransfer.progress import set_quiet
    from cetransfer.reproduction.plan import plan_for, script
    from cetransfer.reproduction.work import work_of
    from cetransfer.tracking.records import open_records

    set_quiet(quiet=settings.quiet)
    root = project_root()
    work = work_of(settings.id, open_records(settings.tracking, root), root)
    folder = settings.output_dir or root / "outputs" / "reproduce" / work.key[:16]
    output = Path(folder).resolve()
    plan = plan_for(work, root)
    if not settings.run:
        shown = Path(os.path.relpath(output, root)) if output.is_relative_to(root) else output
        for line in script(work, plan, shown):
            _tell(line)
        return

    from cetransfer.reproduction.difference import difference
    from cetransfer.reproduction.rerun import run_again

    if work.result is None:
        raise UserError(
            f"the numbers of {settings.id} are not here any more, so there is nothing to compare "
            "with; leave out --run for the commands"
        )
    for note in plan.notes:
        say(note)
    only = None if work.asked else work.line
    found = difference(work.result, run_again(work, plan, root, output), only)
    _tell(f"files     {output}")
    if found.other:
        raise UserError(f"{found.words}; the old numbers are in {work.result}")
    _tell(found.words)


def sync(settings: SyncSettings) -> None:
    """Send runs on to their server.

    Raises
    ------
    UserError
        If there is no store, or a server does not take them: then runs still wait.
    """
    from cetransfer.progress import set_quiet
    from cetransfer.tracking.records import open_records
    from cetransfer.tracking.store import open_store
    from cetransfer.tracking.sync import sync as run

    set_quiet(quiet=settings.quiet)
    root = project_root()
    records = open_records(settings.tracking, root)
    if records.engine is None:
        raise UserError(f"there is no store {records.uri}, so nothing waits to be sent")
    store = open_store(settings.tracking, root)
    sent = run(store, settings.tracking.experiment, everything=store.remote is not None)
    _tell(f"{sent} runs sent" if sent else "nothing waits to be sent")


def _descendants(settings: LineageSettings, asked: str) -> None:
    from cetransfer.reporting.lineage import show_descendants
    from cetransfer.tracking.lineage.descendants import descendants
    from cetransfer.tracking.records import open_records

    if settings.verify or settings.format == "mermaid":
        word = "--verify" if settings.verify else "format=mermaid"
        raise UserError(f"{word} is about the lineage of an id; leave it out with --descendants")
    root = project_root()
    found = descendants(asked, open_records(settings.tracking, root), root)
    if settings.format == "json":
        document = {"data": asked, "descendants": [each.document() for each in found]}
        _tell(json.dumps(document, indent=2))
    else:
        show_descendants(found, asked)


def _tell(line: str) -> None:
    print(line)  # noqa: T201 - the result of the command
