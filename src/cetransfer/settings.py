"""The shape of the configuration: types only, every default stands in `conf/`.

One class per Hydra group. A key that is not here is refused, wherever it comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cetransfer.errors import UserError, nearest


@dataclass
class TableColumns:
    """Names of the columns of the user's own table; no formula means columns A, B, C, X."""

    formula: str | None
    energy: str
    structure: str | None = None
    group: str | None = None


@dataclass
class MaterialsProjectQuery:
    """What the Materials Project is asked for.

    `chemsys` is one chemical system or a list of them, or None for any; `space_group` is a number,
    ``prototype`` or ``any``.
    """

    chemsys: Any
    space_group: str


@dataclass
class NamedData:
    """A data set chosen by its name; the other keys belong to those that take more than that."""

    name: str
    path: str | None = None
    prototype: str | None = None
    unit: str | None = None
    quantity: str | None = None
    structures: str | None = None
    columns: TableColumns | None = None
    on_bad_rows: str | None = None
    query: MaterialsProjectQuery | None = None


@dataclass
class DatasetSettings:
    """Group `dataset`: the sources, the target and what of it is labelled.

    `order` of the sources, None as they are given.
    """

    name: str
    sources: dict[str, NamedData]
    target: NamedData
    order: list[str] | None
    pretrain: str
    reference: str
    site_order: str
    n_labelled: int | None
    draw: int
    exclude_suspects: bool
    repair: bool
    exclude: list[str]


@dataclass
class FeatureSettings:
    """Group `features`: a Center-Environment variant; `tolerance` in angstrom."""

    variant: str
    shells: int
    exponent: float
    tolerance: float
    table: str


@dataclass
class NetworkSettings:
    """Group `network`: a multilayer perceptron with one output."""

    hidden: list[int]
    activation: str
    dropout: float


@dataclass
class ProtocolSettings:
    """Group `protocol`: how rows are split and what counts as the score.

    `draws` and `sizes` are None where the kind has none; `contrast` is the strategy whose
    difference from the best baseline is the question settled in advance, if there is one.
    """

    kind: str
    folds: int
    repeats: int
    members: int
    alpha: float
    margin: float
    source_has_element: bool
    draws: int | None
    sizes: list[int] | None
    contrast: str | None


@dataclass
class SourceTrainingSettings:
    """How the source nets are trained; `nets` is their number, None for `protocol.members`.

    Where `weight_decay`, `l1` or `dropout` is None, it is that of the target nets.
    """

    nets: int | None
    batch_size: int
    epochs: int
    learning_rate: float
    weight_decay: float | None
    l1: float | None
    dropout: float | None


@dataclass
class ScalerSettings:
    """Whose rows the scalers of a copied net stand on: source, target or pooled."""

    x: str
    y: str


@dataclass
class TrainingSettings:
    """Group `training`: how a stack is trained on the target."""

    accelerator: str
    batch_size: int
    epochs: int
    weight_decay: float
    l1: float
    loss_beta: float
    scaler: ScalerSettings
    source: SourceTrainingSettings


@dataclass
class TrackingSettings:
    """Group `tracking`: the MLflow store."""

    uri: str | None
    experiment: str


@dataclass
class ComputeSettings:
    """Group `compute`: who does the work that comes in parts.

    Each kind has keys of its own, see `cetransfer.compute.check`; those of the others are None.
    """

    kind: str
    workers: int | None = None
    address: str | None = None
    queue: str | None = None
    account: str | None = None
    jobs: int | None = None
    cores: int | None = None
    memory: str | None = None
    walltime: str | None = None
    interface: str | None = None
    directives: list[str] | None = None
    prologue: list[str] | None = None


@dataclass
class Settings:
    """Everything that features, train and compare read.

    `strategy` maps a name to the fields of a strategy; `cetransfer.transfer` checks them.
    """

    dataset: DatasetSettings
    features: FeatureSettings
    network: NetworkSettings
    strategy: dict[str, dict[str, Any]]
    protocol: ProtocolSettings
    training: TrainingSettings
    tracking: TrackingSettings
    compute: ComputeSettings
    seed: int
    quiet: bool
    output_dir: str | None
    features_dir: str
    source_dir: str


PLACES = ("output_dir", "quiet", "tracking", "features_dir", "source_dir", "compute")
"""Keys of `Settings` that say where and how loudly, and change no number."""


@dataclass
class SweepSettings:
    """Group `sweep`: what is searched, and how.

    `space` maps a key of the configuration to its distribution, see `cetransfer.sweeps.space`;
    `outer_folds` is None where no fold is kept from the trials, `rungs` None for all inner folds
    at once. `storage` is the database that several machines share, None for a file in the sweep's
    folder; `study` its name there, None for `name`; `grace` in seconds.
    """

    name: str
    storage: str | None
    study: str | None
    grace: float
    sampler: str
    trials: int
    batch: int
    members: int
    outer_folds: int | None
    inner_folds: int
    rungs: list[int] | None
    pruner: str
    objectives: list[str]
    space: dict[str, Any]


@dataclass
class StudySettings(Settings):
    """What `cetransfer sweep` reads; `overrides` are the words of the command line."""

    sweep: SweepSettings
    overrides: list[str]


@dataclass
class LabelSettings:
    """What `cetransfer data label` reads."""

    prototype: str
    elements: list[str] | None
    compute: ComputeSettings
    quiet: bool
    output_dir: str | None


@dataclass
class ListSettings:
    """What `cetransfer data list` reads: nothing."""


@dataclass
class ShowSettings:
    """What `cetransfer data show` reads."""

    name: str


@dataclass
class PredictSettings:
    """What `cetransfer predict` reads; `shown` is how many rows of a table are printed."""

    model: str
    inputs: list[str]
    output: str | None
    shown: int
    quiet: bool


@dataclass
class ExportSettings:
    """What `cetransfer export` reads."""

    model: str
    output: str | None
    quiet: bool


@dataclass
class RegisterSettings:
    """What `cetransfer register` reads; `name` is that of the registered model."""

    model: str
    name: str
    quiet: bool


@dataclass
class PromoteSettings:
    """What `cetransfer promote` reads; `force` is the reason for promoting all the same."""

    model: str
    name: str
    force: str | None
    quiet: bool


@dataclass
class AuditColumns:
    """Names of the columns of a table to audit; no formula means columns A, B, X."""

    formula: str | None
    energy: str
    total_energy: str


@dataclass
class AuditSettings:
    """What `cetransfer data audit` reads; prototype, unit and columns are those of a file."""

    source: str
    target: str | None
    sites_from: str | None
    prototype: str | None
    unit: str
    columns: AuditColumns
    tracking: TrackingSettings
    quiet: bool
    output_dir: str | None


@dataclass
class LineageSettings:
    """What `cetransfer lineage` reads: an id, or the data whose descendants are asked for."""

    id: str | None
    verify: bool
    descendants: str | None
    format: str
    tracking: TrackingSettings


@dataclass
class ReproduceSettings:
    """What `cetransfer reproduce` reads."""

    id: str
    run: bool
    output_dir: str | None
    quiet: bool
    tracking: TrackingSettings


@dataclass
class SyncSettings:
    """What `cetransfer sync` reads."""

    tracking: TrackingSettings
    quiet: bool


def project_root(start: Path | None = None) -> Path:
    """Return the nearest folder, upwards from `start`, with a `dvc.yaml`, else `start` itself."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file():
            return folder
    return here


def source_net_count(settings: Settings) -> int:
    """Return the number of source nets (of one set, where each fold has a set of its own)."""
    nets = settings.training.source.nets
    return settings.protocol.members if nets is None else nets


def check(settings: Settings) -> None:
    """Check the ranges that types cannot express.

    Raises
    ------
    UserError
        Naming the key, its value and what would be right.
    """
    _check_choices(settings)
    at_least = (
        ("protocol.folds", settings.protocol.folds, 2),
        ("protocol.repeats", settings.protocol.repeats, 1),
        ("protocol.members", settings.protocol.members, 1),
        ("features.shells", settings.features.shells, 1),
        ("training.epochs", settings.training.epochs, 1),
        ("training.batch_size", settings.training.batch_size, 1),
        ("training.source.nets", source_net_count(settings), 1),
        ("training.source.epochs", settings.training.source.epochs, 1),
        ("training.source.batch_size", settings.training.source.batch_size, 1),
        ("training.source.weight_decay", settings.training.source.weight_decay or 0.0, 0),
        ("training.source.l1", settings.training.source.l1 or 0.0, 0),
        ("training.weight_decay", settings.training.weight_decay, 0),
        ("training.l1", settings.training.l1, 0),
        ("dataset.draw", settings.dataset.draw, 0),
        ("protocol.margin", settings.protocol.margin, 0),
        ("seed", settings.seed, 0),
    )
    for key, value, lowest in at_least:
        if value < lowest:
            raise UserError(f"{key}={value} is too small; give {lowest} or more")
        if not math.isfinite(value):
            raise UserError(f"{key}={value} is not a finite number")
    above_zero = (
        ("features.tolerance", settings.features.tolerance),
        ("training.loss_beta", settings.training.loss_beta),
        ("training.source.learning_rate", settings.training.source.learning_rate),
    )
    for key, value in above_zero:
        if not 0 < value < math.inf:
            raise UserError(f"{key}={value} must be greater than 0 and finite")
    source = settings.training.source
    for key, rate in (
        ("network.dropout", settings.network.dropout),
        ("training.source.dropout", source.dropout),
    ):
        if rate is not None and not 0 <= rate < 1:
            raise UserError(f"{key}={rate} must lie in [0, 1)")
    _check_protocol(settings.protocol)
    _check_contrast(settings.protocol.contrast, list(settings.strategy))
    if not settings.network.hidden or min(settings.network.hidden) < 1:
        raise UserError(
            f"network.hidden={settings.network.hidden} needs one width of 1 or more per layer"
        )


def _check_protocol(protocol: ProtocolSettings) -> None:
    if not 0 < protocol.alpha < 1:
        raise UserError(f"protocol.alpha={protocol.alpha} must lie between 0 and 1")
    if protocol.draws is not None and protocol.draws < 2:  # noqa: PLR2004 - a test needs two
        raise UserError(f"protocol.draws={protocol.draws} is too small; give 2 or more")
    sizes = protocol.sizes
    if sizes is not None and (not sizes or min(sizes) < 2 or sizes != sorted(set(sizes))):  # noqa: PLR2004 - a network needs two rows
        raise UserError(
            f"protocol.sizes={sizes} must be numbers of rows, 2 or more, each greater than the one "
            "before"
        )


def _check_contrast(contrast: str | None, strategies: list[str]) -> None:
    if contrast is not None and contrast not in strategies:
        hint = nearest(contrast, strategies, f"choose one of {', '.join(strategies)}")
        raise UserError(f"protocol.contrast={contrast} is none of the strategies compared; {hint}")


def _check_choices(settings: Settings) -> None:
    rows = ("source", "target", "pooled")
    for key, value, allowed in (
        ("dataset.pretrain", settings.dataset.pretrain, ("sequence", "joint")),
        ("dataset.reference", settings.dataset.reference, ("none", "constant", "per_element")),
        ("training.scaler.x", settings.training.scaler.x, rows),
        ("training.scaler.y", settings.training.scaler.y, rows),
    ):
        if value not in allowed:
            raise UserError(f"{key}={value} is unknown; choose {' or '.join(allowed)}")
