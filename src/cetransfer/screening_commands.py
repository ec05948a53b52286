"""What `screen` does, told as a sequence of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.progress import say, set_quiet
from cetransfer.settings import project_root

if TYPE_CHECKING:
    from cetransfer.settings_screening import ScreenSettings


def screen(settings: ScreenSettings) -> None:
    """Screen a space of compounds, and write, log and print what passes."""
    from cetransfer.commands import result_folder
    from cetransfer.evaluation.documents import stored_document
    from cetransfer.reporting.screening import show_screening
    from cetransfer.reporting.tables import show_places
    from cetransfer.reporting.worth import show_worth
    from cetransfer.screening.files import (
        DOCUMENT,
        WORTH,
        parts_of,
        publish_screening,
        read_shortlist,
        read_worth,
        stage_screening,
    )
    from cetransfer.screening.screen import plan_screening
    from cetransfer.screening.screen import screen as run

    set_quiet(quiet=settings.quiet)
    root = project_root()
    plan = plan_screening(settings, root)
    name = settings.name or settings.space.name
    with result_folder(settings, root / "outputs" / "screen" / f"{name}-{plan.key[:8]}") as output:
        if (document := stored_document(output / DOCUMENT, plan.key)) is not None:
            say(f"done before: {output}")
            show_screening(document, read_shortlist(output), settings.shown)
            show_worth(document.get("worth"), read_worth(output))
            return
        from cetransfer.tracking.screen_log import log_screening
        from cetransfer.tracking.store import open_store
        from cetransfer.tracking.sync import require_server, send_on

        say(f"{len(plan.candidates)} candidates, {len(plan.criteria)} criteria")
        parts = None
        if plan.candidates.in_parts:
            from cetransfer.screening.parts import require_parts, screen_in_parts

            require_parts(plan)
            parts = parts_of(output)
            found = screen_in_parts(plan, parts, root)
        else:
            found = run(plan, root)
        store = open_store(settings.tracking, root)
        require_server(store)
        staged = stage_screening(found, output, in_parts=parts is not None)
        run_id = log_screening(store, found.document, staged)
        publish_screening(staged, output, parts)
        send_on(store, settings.tracking.experiment)
        show_screening(found.document, found.shortlist, settings.shown)
        show_worth(found.document.get("worth"), found.tables.get(WORTH))
        show_places(output, store, run_id)
