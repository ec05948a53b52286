"""What each command does, told as a sequence of steps."""

from __future__ import annotations

import dataclasses
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cetransfer.errors import UserError
from cetransfer.progress import say, set_quiet
from cetransfer.settings import Settings, project_root, source_net_count
from cetransfer.transfer.strategy import make_plans, make_strategies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cetransfer.features.domain import Domain
    from cetransfer.settings_data import AuditSettings, LabelSettings, ListSettings, ShowSettings
    from cetransfer.settings_models import ExportSettings, PredictSettings

PAPER2023 = "paper2023"
"""The protocol that trains in a way of its own."""

FREE_OF_PAPER2023 = (
    "seed",
    "quiet",
    "output_dir",
    "features_dir",
    "source_dir",
    "tracking",
    "compute",
)
"""What can be set beside that protocol."""


def compare(settings: Settings) -> None:
    """Compare the strategies and write, log and print the result."""
    from cetransfer.evaluation.protocol import make_protocol

    if settings.protocol.kind == PAPER2023:
        _compare_as_published(settings)
        return
    make_plans(settings.strategy, len(settings.network.hidden) + 1)
    make_protocol(settings)

    # what is heavy comes after what can be refused at once
    from cetransfer.evaluation.case import load_case
    from cetransfer.evaluation.comparison import compare as run
    from cetransfer.evaluation.comparison import comparison_key
    from cetransfer.evaluation.models import MODELS
    from cetransfer.evaluation.result import publish, stage
    from cetransfer.reporting import tables
    from cetransfer.reporting.figures import draw_comparison
    from cetransfer.tracking.comparison_log import execution_of, log_comparison
    from cetransfer.tracking.store import open_store
    from cetransfer.tracking.sync import require_server, send_on
    from cetransfer.training.fit import require_accelerator

    set_quiet(quiet=settings.quiet)
    root = project_root()
    require_accelerator(settings.training.accelerator)
    case = load_case(settings, root)
    key = comparison_key(settings, case)
    output = make_folder(
        settings, root / "outputs" / "compare" / f"{settings.dataset.name}-{key[:8]}"
    )
    partial = output / f".partial-{key}"
    announce(case.sources, case.target)
    chosen = "" if len(case.labelled) == len(case.target) else " (dataset.n_labelled, dataset.draw)"
    say(f"{len(case.labelled)} of {len(case.target)} target rows are labelled{chosen}")
    say(f"{case.layout.words}; {len(case.members)} nets a strategy")
    trained = source_net_count(settings) * len(case.without)
    if case.source_nets_used < trained:
        say(
            f"  {trained - case.source_nets_used} of {trained} source nets start no network; fewer "
            "training.source.nets would do"
        )
    for note in case.layout.notes:
        say(f"  {note}")
    tables.show_plans(make_strategies(settings.strategy), settings.network.hidden)

    store = open_store(settings.tracking, root)
    require_server(store)
    comparison = run(settings, case, root, partial)
    staged = stage(comparison, partial / "result")
    draw_comparison(comparison, staged)
    run_id = log_comparison(store, comparison, staged, execution_of(partial))
    publish(staged, output, partial / MODELS)
    shutil.rmtree(partial)
    send_on(store, settings.tracking.experiment)
    tables.show_comparison(comparison)
    tables.show_places(output, store, run_id)


def _compare_as_published(settings: Settings) -> None:
    """Repeat the paper's procedure, with its leaks and without, and write, log and print it."""
    from cetransfer.composition import refuse_changes

    refuse_changes(settings, f"protocol={PAPER2023}", FREE_OF_PAPER2023)

    from cetransfer.evaluation.case import load_domains
    from cetransfer.evaluation.paper2023.files import DOCUMENT, stage_repetition
    from cetransfer.evaluation.paper2023.recipe import PAPER
    from cetransfer.evaluation.paper2023.repetition import repeat, repetition_key
    from cetransfer.files import move_files
    from cetransfer.reporting.paper2023 import show_repetition
    from cetransfer.reporting.tables import show_places
    from cetransfer.tracking.paper2023_log import log_repetition
    from cetransfer.tracking.store import open_store
    from cetransfer.tracking.sync import require_server, send_on

    set_quiet(quiet=settings.quiet)
    root = project_root()
    (source,), target = load_domains(settings, root)
    key = repetition_key(settings, source, target, PAPER)
    output = make_folder(settings, root / "outputs" / "compare" / f"{PAPER2023}-{key[:8]}")
    partial = output / f".partial-{key}"
    announce((source,), target)
    store = open_store(settings.tracking, root)
    require_server(store)
    found = repeat(settings, source, target, root, partial, PAPER)
    staged = stage_repetition(found, partial / "result")
    run_id = log_repetition(store, found, staged)
    move_files(staged, output, last=DOCUMENT)
    shutil.rmtree(partial)
    send_on(store, settings.tracking.experiment)
    show_repetition(found)
    show_places(output, store, run_id)


def train(settings: Settings) -> None:
    """Train the source nets, keep them and log each as a run."""
    from cetransfer.evaluation.case import load_case
    from cetransfer.tracking.source_log import source_runs
    from cetransfer.tracking.store import open_store
    from cetransfer.tracking.sync import require_server, send_on
    from cetransfer.training.fit import require_accelerator
    from cetransfer.training.source import source_nets

    set_quiet(quiet=settings.quiet)
    root = project_root()
    require_accelerator(settings.training.accelerator)
    case = load_case(settings, root)
    folder = make_folder(settings, root / settings.source_dir)
    store = open_store(settings.tracking, root)
    require_server(store)
    announce(case.sources, case.target)
    nets = source_nets(settings, case.sources, case.schema.digest, folder, without=case.without)
    logged = source_runs(store, nets)
    send_on(store, settings.tracking.experiment)
    for stage, runs in zip(nets.stages, logged, strict=True):
        _tell(f"source nets  {folder / stage.key}")
        for net, run_id in enumerate(runs):
            _tell(f"  {stage.identifier(net)}  MLflow run {run_id}")


def features(settings: Settings) -> None:
    """Write the features of source and target."""
    from cetransfer.datasets.chosen import load_source, load_target
    from cetransfer.evaluation.case import target_orders
    from cetransfer.features.store import SOURCES, TARGET, feature_file, stored_features

    set_quiet(quiet=settings.quiet)
    root = project_root()
    folder = make_folder(settings, root / settings.features_dir)
    sources = [load_source(settings.dataset, name, root) for name in settings.dataset.sources]
    targets = target_orders(settings.dataset, load_target(settings.dataset, root))
    roles = [SOURCES] * len(sources) + [TARGET] * len(targets)
    for role, data in zip(roles, [*sources, *targets], strict=True):
        rows, columns = stored_features(data, settings.features, folder / role).shape
        path = feature_file(data, settings.features, folder / role)
        _tell(f"{data.name}: {rows} rows, {columns} columns  {path}")


def label(settings: LabelSettings) -> None:
    """Label all compositions of a prototype with CHGNet."""
    from cetransfer.datasets.labels import label_prototype
    from cetransfer.structures.prototypes import prototype_named

    set_quiet(quiet=settings.quiet)
    # before the folder is made: a wrong name leaves nothing behind
    prototype_named(settings.prototype)
    folder = make_folder(settings, project_root() / "data")
    elements = None if settings.elements is None else tuple(settings.elements)
    path = label_prototype(settings.prototype, folder, elements=elements)
    _tell(f"labels  {path}")


def list_data(settings: ListSettings) -> None:
    """List the data sets of the catalogue."""
    from cetransfer.datasets.overview import overviews
    from cetransfer.reporting.catalogue import show_list

    del settings
    show_list(overviews(project_root()))


def show_data(settings: ShowSettings) -> None:
    """Show what is known of one data set."""
    from cetransfer.datasets.overview import overview
    from cetransfer.reporting.catalogue import show_one

    show_one(overview(settings.name, project_root()))


def audit(settings: AuditSettings) -> None:
    """Audit one data set or two, and write, log and print what was found."""
    from cetransfer.datasets.audit.load import load_named, load_truth
    from cetransfer.datasets.audit.own_table import is_table
    from cetransfer.datasets.audit.run import audit as run
    from cetransfer.files import write_json
    from cetransfer.reporting.audit import show_audit
    from cetransfer.reporting.tables import show_places
    from cetransfer.tracking.audit_log import log_audit
    from cetransfer.tracking.store import open_store
    from cetransfer.tracking.sync import require_server, send_on

    set_quiet(quiet=settings.quiet)
    root = project_root()
    tables = [name for name in (settings.source, settings.target) if name and is_table(name)]
    if settings.prototype is not None and not tables:
        raise UserError(
            f"prototype={settings.prototype} has no meaning for {settings.source}; "
            "it is that of a file, such as my.csv"
        )
    source, hashes = load_named(settings.source, settings, root)
    target = None
    if settings.target is not None:
        target, more = load_named(settings.target, settings, root)
        hashes |= more
    truth, more = load_truth(settings.sites_from, root)
    hashes |= more
    name = "-".join(Path(each.name).stem for each in (source, target) if each is not None)
    output = make_folder(settings, root / "outputs" / "audit" / name)
    store = open_store(settings.tracking, root)
    require_server(store)
    for subject in (source, target):
        if subject is not None:
            read = len(subject.frame) + len(subject.unusable)
            say(f"auditing {subject.name}: {read} rows as {subject.prototype}")
    found = run(source, target, truth)
    document = {
        "source": settings.source,
        "target": settings.target,
        "sites_from": None if truth is None else truth.name,
        "prototype": settings.prototype,
        "unit": settings.unit if tables else None,
        "columns": dataclasses.asdict(settings.columns) if tables else None,
        "data_hashes": hashes,
        **found.document(),
    }
    path = output / "audit.json"
    write_json(path, document)
    run_id = log_audit(store, found, document)
    send_on(store, settings.tracking.experiment)
    show_audit(found)
    show_places(path, store, run_id)


def predict(settings: PredictSettings) -> None:
    """Predict compounds with a model, and print or write the table."""
    from cetransfer.models.output import check_output, record_of, write_output

    output = None if settings.output is None else Path(settings.output)
    if output is not None:
        check_output(output)
        for each in settings.inputs:
            if output.exists() and Path(each).exists() and output.samefile(each):
                raise UserError(f"output={output} is what is read; give another name")
    if not settings.inputs:
        raise UserError("there is nothing to predict; give formulas, a table or CIF files")
    from cetransfer.models.carried import with_own_columns
    from cetransfer.models.find import find_model
    from cetransfer.models.load import load
    from cetransfer.reporting.predictions import show_predictions

    set_quiet(quiet=settings.quiet)
    root = project_root()
    model = load(find_model(settings.model, root))
    table = model.predict(settings.inputs)
    if output is None:
        show_predictions(table, model.about, settings.shown)
        return
    table = with_own_columns(table, settings.inputs, model.kind.roles)
    write_output(table, output, model.about, settings.inputs, root)
    say(f"{len(table)} predictions of model {model.id}, {model.quantity} in {model.about['unit']}")
    say(f"what it rests on: {record_of(output)}")
    _tell(f"{output}")


def export(settings: ExportSettings) -> None:
    """Copy a model into a folder that can be taken anywhere."""
    from cetransfer.models.export import export_model
    from cetransfer.models.find import find_model
    from cetransfer.models.folder import read

    set_quiet(quiet=settings.quiet)
    folder = find_model(settings.model, project_root())
    about = read(folder)
    own = project_root() / "outputs" / "models" / f"{about['strategy']['name']}-{about['id']}"
    output = Path(settings.output) if settings.output else own
    export_model(folder, output)
    _tell(f"model {about['id']}  {output}")


class Placed(Protocol):
    """Settings that may name an output folder."""

    output_dir: str | None


def make_folder(settings: Placed, default: Path) -> Path:
    """Make the output folder before any work, so that a long run does not end for want of it."""
    folder = Path(settings.output_dir) if settings.output_dir else default
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}; give output_dir=FOLDER that is writable"
        ) from error
    return folder


@contextmanager
def result_folder(settings: Placed, default: Path) -> Iterator[Path]:
    """Yield the output folder, see `make_folder`; it goes again where nothing came to be in it."""
    folder = make_folder(settings, default)
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()  # only an empty one can be removed


def announce(sources: Sequence[Domain], target: Domain) -> None:
    """Say which data are used, and what the reader should know of them."""
    from cetransfer.evaluation.case import notes

    for domain in (*sources, target):
        say(f"{domain.name}: {len(domain)} rows")
    for note in notes(sources, target):
        say(f"  {note}")


def _tell(line: str) -> None:
    print(line)  # noqa: T201 - the result of the command
