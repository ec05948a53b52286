"""What is compared: the rows, features and labels of source and target, and their splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.datasets.chosen import load_source, load_target
from cetransfer.errors import UserError
from cetransfer.evaluation.splits import (
    Member,
    Split,
    cross_validation,
    labelled_rows,
    make_members,
    whole,
)
from cetransfer.features.schema import feature_schema
from cetransfer.features.store import stored_features
from cetransfer.provenance import dvc_hashes

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.features.schema import FeatureSchema
    from cetransfer.settings import Settings


@dataclass(frozen=True)
class Domain:
    """A data set with its features (n, d) and labels (n,)."""

    data: Dataset
    features: NDArray[np.float32]
    labels: NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Source, target, feature schema, and which target rows are labelled."""

    source: Domain
    target: Domain
    schema: FeatureSchema
    labelled: NDArray[np.int64]
    splits: list[Split]
    members: list[Member]
    data_hashes: dict[str, str]


def load_domains(settings: Settings, root: Path) -> tuple[Domain, Domain]:
    """Load source and target with their features.

    Raises
    ------
    UserError
        If a data set is unknown, missing or damaged, both are the same table, or their labels are
        of two kinds.
    """
    if len(settings.dataset.sources) != 1:
        named = ", ".join(settings.dataset.sources) or "none"
        raise UserError(
            f"dataset.sources names {len(settings.dataset.sources)} data sets ({named}); "
            "a comparison takes one: dataset/source=[NAME]"
        )
    (chosen,) = settings.dataset.sources
    source = load_source(settings.dataset, chosen, root)
    target = load_target(settings.dataset, root)
    refuse_unlike(source, target)
    refuse_equal(source, target)
    folder = root / settings.features_dir
    domains = [
        Domain(
            data,
            stored_features(data, settings.features, folder),
            data.labels,
        )
        for data in (source, target)
    ]
    return domains[0], domains[1]


def refuse_unlike(source: Dataset, target: Dataset) -> None:
    """Refuse labels of two kinds: nets of one say nothing of the other.

    Raises
    ------
    UserError
        If quantity or unit differ.
    """
    if (source.quantity, source.unit) != (target.quantity, target.unit):
        raise UserError(
            f"source {source.name} holds {source.quantity} in {source.unit}, target {target.name} "
            f"{target.quantity} in {target.unit}; choose another dataset/source with the same "
            "quantity, or give both tables one name and unit with the keys quantity and unit"
        )


def refuse_equal(source: Dataset, target: Dataset) -> None:
    """Refuse a source that is the target: every scored label would have been trained on.

    Raises
    ------
    UserError
        If both have the same rows and labels, in any order.
    """
    if source.roles != target.roles:
        return
    columns = [*source.roles, source.quantity]
    tables = [
        data.frame[columns].sort_values(columns).reset_index(drop=True) for data in (source, target)
    ]
    if tables[0].equals(tables[1]):
        raise UserError(
            f"source {source.name} and target {target.name} are the same table, so every scored "
            "label would have been trained on; choose another dataset/source or dataset/target"
        )


def load_case(settings: Settings, root: Path) -> Case:
    """Load everything that a comparison rests on.

    Raises
    ------
    UserError
        As `load_domains`, or if the protocol does not fit the rows.
    """
    source, target = load_domains(settings, root)
    n_rows = len(target.labels)
    labelled = labelled_rows(n_rows, settings.dataset.n_labelled, settings.dataset.draw)
    splits = cross_validation(labelled, settings.protocol, settings.seed)
    rest = whole(labelled, n_rows)
    splits = [*splits, rest] if rest else splits
    return Case(
        source=source,
        target=target,
        schema=feature_schema(settings.features),
        labelled=labelled,
        splits=splits,
        members=make_members(splits, settings.protocol.members),
        data_hashes={**source.data.hashes, **target.data.hashes, **dvc_hashes(root)},
    )
