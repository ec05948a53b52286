"""The leakage audit: what source, training and scored rows of each split have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.row_elements import elements_of
from cetransfer.training.proofs import ProofError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.splits import Member, Split
    from cetransfer.features.domain import Domain
    from cetransfer.models.source_nets import SourceNets

#: sources and the rows of each that something was trained on
Seen = list[tuple["Domain", "NDArray[np.int64]"]]


@dataclass(frozen=True)
class Leakage:
    """Counts of one split; `fold` is None where all labelled rows are trained on.

    Parameters
    ----------
    part, repeat, fold
        Which split.
    train, test
        Rows.
    source
        Source rows that its source nets were trained on.
    pairs_in_source
        Scored rows whose elements on all sites some of these source rows have too.
    compounds_in_source
        Of these, rows that the source has in the target's own prototype: the same compound.
    new_to_train, new_to_source
        Elements of scored rows that no training row, or none of these source rows, has.
    held
        Elements that its source nets must not have seen, and were proved not to have.
    """

    part: str
    repeat: int
    fold: int | None
    train: int
    test: int
    source: int
    pairs_in_source: int
    compounds_in_source: int
    new_to_train: list[str]
    new_to_source: list[str]
    held: list[str]


def seen_by(nets: SourceNets, net: int) -> Seen:
    """Return the source rows that a source net, and those it started from, were trained on."""
    return [
        pair
        for stage in nets.stages
        for pair in zip(stage.sources, stage.rows_of(net), strict=True)
    ]


def require_held_out(members: Sequence[Member], nets: SourceNets) -> None:
    """Prove that no source net has seen an element that is held out from it.

    Raises
    ------
    ProofError
        Naming the fold, the element and a source row that holds it.
    """
    for member in members:
        held = member.split.held
        for source, rows in seen_by(nets, member.source) if held else ():
            for row, elements in zip(rows, elements_of(source.sites.iloc[rows]), strict=True):
                leaked = sorted(held.intersection(elements))
                if leaked:
                    raise ProofError(
                        f"{_named(member.split)}: {leaked[0]} is held out, but its source net "
                        f"{member.source} was trained on row {row + 1} "
                        f"({source.data.frame['formula'].iloc[row]}) of {source.name}; the split "
                        "leaks"
                    )


def leakage_audit(target: Domain, splits: Sequence[Split], seen: Sequence[Seen]) -> list[Leakage]:
    """Count, for every split, what the scored rows share with what is trained on.

    Parameters
    ----------
    target
        All target rows.
    splits, seen
        The splits, and what the source nets of each were trained on.

    Raises
    ------
    ProofError
        If a row is both trained on and scored.
    """
    return [_audited(target, split, own) for split, own in zip(splits, seen, strict=True)]


def _audited(target: Domain, split: Split, seen: Seen) -> Leakage:
    both = np.intersect1d(split.train, split.test)
    if len(both):
        raise ProofError(
            f"{_named(split)}: row {both[0] + 1} ({target.data.frame['formula'].iloc[both[0]]}) is "
            "trained on and scored; the split leaks"
        )
    in_source, alike = set(), set()
    for source, rows in seen:
        pairs = set(_sites(source, rows))
        in_source |= pairs
        if source.data.prototype == target.data.prototype:
            alike |= pairs
    scored = _sites(target, split.test)
    elements = _elements(target, split.test)
    known = set().union(*(_elements(source, rows) for source, rows in seen))
    return Leakage(
        part=split.part,
        repeat=split.repeat,
        fold=split.fold,
        train=len(split.train),
        test=len(split.test),
        source=sum(len(rows) for _, rows in seen),
        pairs_in_source=sum(row in in_source for row in scored),
        compounds_in_source=sum(row in alike for row in scored),
        new_to_train=sorted(elements - _elements(target, split.train)),
        new_to_source=sorted(elements - known),
        held=sorted(split.held),
    )


def _sites(domain: Domain, rows: NDArray[np.int64]) -> list[tuple[str, ...]]:
    return list(domain.sites.iloc[rows].itertuples(index=False, name=None))


def _elements(domain: Domain, rows: NDArray[np.int64]) -> set[str]:
    return {name for row in elements_of(domain.sites.iloc[rows]) for name in row}


def _named(split: Split) -> str:
    size = f"{split.size} labelled rows, " if split.size else ""
    return f"{size}repeat {split.repeat}, fold {split.fold}"
