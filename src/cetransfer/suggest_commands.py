"""What `suggest` and `suggest simulate` do, told as a sequence of steps."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from cetransfer.commands import announce, make_folder, result_folder
from cetransfer.progress import say, set_quiet
from cetransfer.settings import project_root
from cetransfer.settings_suggest import check_simulation

if TYPE_CHECKING:
    from cetransfer.settings_suggest import SimulationSettings, SuggestSettings


def suggest(settings: SuggestSettings) -> None:
    """Name the compounds to label next, write, log and print them."""
    from cetransfer.reporting.suggestion import show_suggestion
    from cetransfer.reporting.tables import show_run
    from cetransfer.screening.suggestion.files import (
        SUGGESTION,
        SUGGESTIONS,
        done_before,
        publish,
        stage_suggestion,
    )
    from cetransfer.screening.suggestion.suggest import plan_suggestion
    from cetransfer.screening.suggestion.suggest import suggest as run

    set_quiet(quiet=settings.quiet)
    root = project_root()
    plan = plan_suggestion(settings, root)
    place = root / "outputs" / "suggest" / f"{settings.space.name}-{plan.key[:8]}"
    with result_folder(settings, place) as output:
        found = done_before(output, SUGGESTION, SUGGESTIONS, plan.key)
        if found is not None:
            say(f"done before: {output}")
            show_suggestion(*found, settings.shown, output)
            return
        from cetransfer.tracking.store import open_store
        from cetransfer.tracking.suggest_log import log_suggestion
        from cetransfer.tracking.sync import require_server, send_on

        made = run(plan, root)
        store = open_store(settings.tracking, root)
        require_server(store)
        staged = stage_suggestion(made, output)
        run_id = log_suggestion(store, made.document, staged)
        publish(staged, output, SUGGESTION)
        send_on(store, settings.tracking.experiment)
        show_suggestion(made.document, made.table, settings.shown, output)
        show_run(store, run_id)


def simulate(settings: SimulationSettings) -> None:
    """Label round by round as each method chooses, and write, log and draw what that is worth."""
    check_simulation(settings)

    from cetransfer.evaluation.case import load_domains
    from cetransfer.reporting.simulation import draw_simulation, show_simulation
    from cetransfer.reporting.tables import show_run
    from cetransfer.screening.suggestion.files import (
        SIMULATION,
        SIMULATION_TABLE,
        done_before,
        publish,
        stage_simulation,
    )
    from cetransfer.screening.suggestion.simulation.learner import Learner
    from cetransfer.screening.suggestion.simulation.rounds import methods_of
    from cetransfer.screening.suggestion.simulation.run import simulate as run
    from cetransfer.screening.suggestion.simulation.run import simulation_key
    from cetransfer.tracking.store import open_store
    from cetransfer.tracking.suggest_log import log_simulation
    from cetransfer.tracking.sync import require_server, send_on
    from cetransfer.training.fit import require_accelerator

    set_quiet(quiet=settings.quiet)
    require_accelerator(settings.training.accelerator)
    methods_of(settings)
    root = project_root()
    sources, target = load_domains(settings, root)
    key = simulation_key(settings, sources, target)
    place = root / "outputs" / "suggest" / f"simulate-{settings.dataset.name}-{key[:8]}"
    output = make_folder(settings, place)
    found = done_before(output, SIMULATION, SIMULATION_TABLE, key)
    if found is not None:
        say(f"done before: {output}")
        show_simulation(found[0], output)
        return
    announce(sources, target)
    store = open_store(settings.tracking, root)
    require_server(store)
    partial = output / f".partial-{key}"
    made = run(settings, Learner(settings, sources, target, root), root, partial)
    staged = stage_simulation(made, output)
    draw_simulation(made, staged)
    run_id = log_simulation(store, made.document, staged)
    publish(staged, output, SIMULATION)
    shutil.rmtree(partial)
    send_on(store, settings.tracking.experiment)
    show_simulation(made.document, output)
    show_run(store, run_id)
