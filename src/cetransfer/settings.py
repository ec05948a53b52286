"""The shape of the configuration: types only, every default stands in `conf/`.

One class per Hydra group. A key that is not here is refused, wherever it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
