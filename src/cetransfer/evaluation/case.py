"""What is compared: the rows, features and labels of sources and target, and their splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.datasets.chosen import load_source, load_target
from cetransfer.datasets.rests_on import rests_on
from cetransfer.datasets.row_elements import elements_of
from cetransfer.datasets.site_order import exchanged, require_same_compound
from cetransfer.errors import UserError
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.splits import held_sets, make_members
from cetransfer.features.domain import Domain, hashes_of
from cetransfer.features.pairs import pairs_of
from cetransfer.features.schema import feature_schema
from cetransfer.features.store import SOURCES, TARGET, stored_features
from cetransfer.provenance import dvc_hashes
from cetransfer.settings import source_net_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.evaluation.protocol import Layout
    from cetransfer.evaluation.splits import Member, Split
    from cetransfer.features.schema import FeatureSchema
    from cetransfer.settings import DatasetSettings, Settings


@dataclass(frozen=True)
class Case:
    """Sources in their order, target, feature schema, and how the target's rows are split."""

    sources: tuple[Domain, ...]
    target: Domain
    schema: FeatureSchema
    layout: Layout
    members: list[Member]
    data_hashes: dict[str, str]

    @property
    def labelled(self) -> NDArray[np.int64]:
        """The target rows whose labels are used."""
        return self.layout.labelled

    @property
    def splits(self) -> list[Split]:
        """What is trained on and scored."""
        return self.layout.splits

    @property
    def without(self) -> list[frozenset[str]]:
        """For each set of source nets, the elements it must not see."""
        return held_sets(self.splits)

    @property
    def source_nets_used(self) -> int:
        """The number of source nets that some network starts from."""
        return len({member.source for member in self.members})

    @property
    def stacks(self) -> dict[int | None, list[Member]]:
        """Members by the number of labelled rows, where there are several; else all under None."""
        stacks: dict[int | None, list[Member]] = {}
        for member in self.members:
            stacks.setdefault(member.split.size, []).append(member)
        return stacks


def load_domains(settings: Settings, root: Path) -> tuple[tuple[Domain, ...], Domain]:
    """Load sources, in their order, and target with their features.

    Raises
    ------
    UserError
        If a data set is unknown, missing or damaged, a source is the target, or
        their labels are of two kinds.
    """
    chosen = settings.dataset
    names = source_order(chosen)
    sources = [load_source(chosen, name, root) for name in names]
    target = load_target(chosen, root)
    for source in sources:
        refuse_unlike(source, target)
        refuse_equal(source, target)
    folder = root / settings.features_dir

    def features(data: Dataset, part: str) -> NDArray[np.float32]:
        return stored_features(data, settings.features, folder / part)

    orders = [features(data, TARGET) for data in target_orders(chosen, target)]
    views = orders if chosen.site_order == "both" else orders[:1]
    cations = _cations(*sources, target)
    return (
        tuple(
            Domain(
                source,
                (features(source, SOURCES),),
                pairs=pairs_of(source, cations, settings.features),
            )
            for source in sources
        ),
        Domain(
            target,
            tuple(views),
            orders[1] if len(orders) > 1 else None,
            pairs_of(target, cations, settings.features),
        ),
    )


def _cations(*datasets: Dataset) -> list[str]:
    """Return the elements that stand on A or B of any row."""
    sites = [data.frame[[role for role in ("A", "B") if role in data.frame]] for data in datasets]
    return sorted({element for each in sites for row in elements_of(each) for element in row})


def target_orders(chosen: DatasetSettings, target: Dataset) -> list[Dataset]:
    """Return the target as given and, where that can be made, with A and B exchanged.

    Raises
    ------
    UserError
        If both orders are to be trained on and the other one is another compound.
    """
    if chosen.site_order == "both":
        require_same_compound(target)
    other = exchanged(target)
    return [target] if other is None else [target, other]


def source_order(chosen: DatasetSettings) -> list[str]:
    """Return the names of the sources in the order they are trained in.

    Raises
    ------
    UserError
        If there is none, or `dataset.order` does not name each of them once.
    """
    names = list(chosen.sources)
    if not names:
        raise UserError("there is no source; give dataset/source=[NAME]")
    if chosen.order is None:
        return names
    if sorted(chosen.order) != sorted(names):
        raise UserError(
            f"dataset.order=[{','.join(chosen.order)}] must name each source once: "
            f"{', '.join(names)}"
        )
    return list(chosen.order)


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
    roles = source.roles
    if target.roles != roles:
        return
    columns = [*roles, "label"]
    tables = [
        data.frame[list(roles)]
        .assign(label=data.labels)
        .sort_values(columns)
        .reset_index(drop=True)
        for data in (source, target)
    ]
    if tables[0].equals(tables[1]):
        raise UserError(
            f"source {source.name} and target {target.name} are the same table, so every scored "
            "label would have been trained on; choose another dataset/source or dataset/target"
        )


def notes(sources: Sequence[Domain], target: Domain) -> list[str]:
    """Return what the reader should know of the data, one line each."""
    told = [note for domain in (*sources, target) for note in domain.data.notes]
    return [
        *told,
        *(line for source in sources for line in rests_on(source.name, source.data.rests_on)),
    ]


def load_case(settings: Settings, root: Path) -> Case:
    """Load everything that a comparison rests on.

    Raises
    ------
    UserError
        As `load_domains`, or if the protocol does not fit the rows.
    """
    protocol = make_protocol(settings)
    sources, target = load_domains(settings, root)
    layout = protocol.layout(target.data, settings)
    return Case(
        sources=sources,
        target=target,
        schema=feature_schema(settings.features),
        layout=layout,
        members=make_members(layout.splits, settings.protocol.members, source_net_count(settings)),
        data_hashes={**hashes_of(*sources, target), **dvc_hashes(root)},
    )
