"""What `sweep` and `sweep status` do, told as a sequence of steps."""

from __future__ import annotations

import time
from shutil import rmtree
from typing import TYPE_CHECKING

from cetransfer.commands import announce, make_folder
from cetransfer.passwords import without_passwords
from cetransfer.progress import say, set_quiet
from cetransfer.settings import project_root

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from optuna.study import Study

    from cetransfer.settings_sweep import StudySettings, SweepSettings
    from cetransfer.sweeps.executors.executor import Executor
    from cetransfer.sweeps.space import Dimension
    from cetransfer.sweeps.storage import Place
    from cetransfer.sweeps.workshop import Workshop
    from cetransfer.tracking.store import Store
    from cetransfer.tracking.sweep_log import SweepLog

STAGED = ".result"


def sweep(settings: StudySettings) -> None:
    """Search, and write, log and print what the winners are worth."""
    began = time.perf_counter()
    space = _checked(settings)

    # what is heavy comes after what can be refused at once
    from cetransfer.files import move_files
    from cetransfer.reporting.sweep import show_sweep
    from cetransfer.reporting.sweep_figure import draw_history
    from cetransfer.reporting.tables import show_places
    from cetransfer.sweeps.result import DOCUMENT, make_result, stage_sweep, trials_of
    from cetransfer.sweeps.run import check_trials, run_sweep, sweep_key
    from cetransfer.sweeps.workshop import Workshop
    from cetransfer.tracking.store import open_store
    from cetransfer.tracking.sync import require_server, send_on
    from cetransfer.training.fit import require_accelerator

    set_quiet(quiet=settings.quiet)
    root = project_root()
    require_accelerator(settings.training.accelerator)
    # whatever is written down of the sweep, or sent to a worker, is made from these words
    workshop = Workshop([without_passwords(word) for word in settings.overrides], root)
    check_trials(workshop.composer, space)
    key = sweep_key(workshop, space)
    output = make_folder(settings, outputs(root) / f"{settings.sweep.name}-{key[:8]}")
    announce(workshop.sources, workshop.whole_target)
    say(f"{workshop.folds.words}; {settings.sweep.trials} trials a study  {output}")
    store = open_store(settings.tracking, root)
    require_server(store)
    with _open_place(settings.sweep, output) as place:
        turn = place.machines.turn
        # others that share the sweep may share this folder too: one run is that of all
        with turn():
            log = _open_log(workshop, key, store, output)

        def ended(outer: int, study: Study) -> None:
            with turn():
                log.trials(trials_of(outer, study))

        finished = run_sweep(workshop, space, place, key, make_executor, ended)
        found = make_result(workshop, space, key, finished, time.perf_counter() - began)
        staged = stage_sweep(found, output / f"{STAGED}{place.machines.name}")
        draw_history(found.document, found.trials, staged)
        with turn():
            # what was logged and written before stays, with the time that it took
            if not (log.finished and (output / DOCUMENT).is_file()):
                log.finish(found, staged)
                move_files(staged, output, last=DOCUMENT)
        rmtree(staged)
    send_on(store, settings.tracking.experiment)
    show_sweep(found.document)
    show_places(output, store, log.run_id)


def status(settings: StudySettings) -> None:
    """Show how far sweeps are, and the best so far."""
    from pathlib import Path

    from cetransfer.reporting.sweep import show_status
    from cetransfer.sweeps.status import progress_of, progress_of_shared, sweep_folders

    named = any(word.partition("=")[0] == "sweep" for word in settings.overrides)
    asked = settings.sweep
    if asked.storage is not None:
        name = asked.study or (asked.name if named else None)
        show_status(progress_of_shared(asked.storage, name, asked.grace))
        return
    if settings.output_dir is not None:
        folders = [Path(settings.output_dir)]
    else:
        folders = sweep_folders(outputs(project_root()), asked.name if named else None)
    show_status([study for folder in folders for study in progress_of(folder)])


def outputs(root: Path) -> Path:
    """Return the folder of all sweeps."""
    return root / "outputs" / "sweep"


def make_executor(workshop: Workshop) -> Executor:
    """Return those who train, as the group `compute` says."""
    compute = workshop.settings.compute
    if compute.kind != "local":
        from cetransfer.compute.chosen import workers
        from cetransfer.sweeps.executors.cluster import OnCluster

        return OnCluster(workshop.composer.words, workshop.root, workers(1))
    count = compute.workers or _one_a_study(workshop)
    if count == 1:
        from cetransfer.sweeps.executors.here import Here

        return Here(workshop)
    from cetransfer.sweeps.executors.local import Local

    return Local(workshop.composer.words, workshop.root, count)


def _checked(settings: StudySettings) -> list[Dimension]:
    """Refuse what can be refused at once; return the search space."""
    from cetransfer.evaluation.protocol import make_protocol
    from cetransfer.sweeps.folds import require_folds
    from cetransfer.sweeps.run import check_sweep

    space = check_sweep(settings.sweep)
    make_protocol(settings)
    require_folds(settings.protocol)
    if settings.sweep.storage is not None:
        from cetransfer.sweeps.shared import look_at_shared

        with look_at_shared(settings.sweep.storage):
            pass  # it can be reached
    return space


def _open_log(workshop: Workshop, key: str, store: Store, output: Path) -> SweepLog:
    """Begin the run of a sweep, or go on with it: one for each number of trials asked for."""
    from cetransfer.sweeps.result import data_hashes
    from cetransfer.tracking.comparison_log import execution_of
    from cetransfer.tracking.sweep_log import open_sweep_log

    sweep, target = workshop.settings.sweep, workshop.whole_target.data
    return open_sweep_log(
        store,
        sweep.name,
        data_hashes(workshop),
        {**{source.name: "source" for source in workshop.sources}, target.name: "target"},
        {"cetransfer.key": key, "quantity": target.quantity, "unit": target.unit},
        f"{execution_of(output)}-{sweep.trials}",
    )


def _open_place(sweep: SweepSettings, output: Path) -> AbstractContextManager[Place]:
    """Open the storage of a sweep: that of its folder, or one that several machines share."""
    if sweep.storage is None:
        from cetransfer.sweeps.storage import open_folder

        return open_folder(output)
    from cetransfer.sweeps.shared import open_shared

    return open_shared(sweep.storage, sweep.study or sweep.name, sweep.grace)


def _one_a_study(workshop: Workshop) -> int:
    """Return as many workers as there are studies and cores; a GPU is one process's."""
    from joblib import cpu_count

    on_gpu = workshop.settings.training.accelerator == "gpu"
    return 1 if on_gpu else min(cpu_count(), len(workshop.folds.outer))
