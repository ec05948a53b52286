"""The leakage audit: what source, training and scored rows of each split have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.training.proofs import ProofError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.splits import Member, Split
    from cetransfer.features.domain import Domain
    from cetransfer.training.source import SourceNets

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
            sites = source.sites.iloc[rows]
            leaks = np.flatnonzero(sites.isin(held).any(axis=1))
            if len(leaks):
                row = int(rows[leaks[0]])
                element = next(name for name in sites.iloc[leaks[0]] if name in held)
                raise ProofError(
                    f"{_named(member.split)}: {element} is held out, but its source net "
                    f"{member.source} was trained on row {row + 1} "
                    f"({source.data.frame['formula'].iloc[row]}) of {source.name}; the split leaks"
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
    sites = [tuple(row) for row in target.sites.itertuples(index=False)]
    return [
        _audited(target, sites, split, list(_held_by(own, target)))
        for split, own in zip(splits, seen, strict=True)
    ]


def _held_by(seen: Seen, target: Domain) -> Iterator[tuple[set[tuple[str, ...]], int, bool]]:
    """Yield, for each source, the elements on all sites, the rows, and if compounds are alike."""
    for source, rows in seen:
        held = set(source.sites.iloc[rows].itertuples(index=False, name=None))
        yield held, len(rows), source.data.prototype == target.data.prototype


def _audited(
    target: Domain,
    sites: list[tuple[str, ...]],
    split: Split,
    held: list[tuple[set[tuple[str, ...]], int, bool]],
) -> Leakage:
    both = np.intersect1d(split.train, split.test)
    if len(both):
        raise ProofError(
            f"{_named(split)}: row {both[0] + 1} ({target.data.frame['formula'].iloc[both[0]]}) is "
            "trained on and scored; the split leaks"
        )
    in_source = set().union(*(rows for rows, _, _ in held))
    alike = set().union(*(rows for rows, _, same in held if same))
    scored = [sites[row] for row in split.test]
    elements = {element for row in scored for element in row}
    trained = {element for row in split.train for element in sites[row]}
    return Leakage(
        part=split.part,
        repeat=split.repeat,
        fold=split.fold,
        train=len(split.train),
        test=len(split.test),
        source=sum(count for _, count, _ in held),
        pairs_in_source=sum(row in in_source for row in scored),
        compounds_in_source=sum(row in alike for row in scored),
        new_to_train=sorted(elements - trained),
        new_to_source=sorted(elements - {element for row in in_source for element in row}),
        held=sorted(split.held),
    )


def _named(split: Split) -> str:
    size = f"{split.size} labelled rows, " if split.size else ""
    return f"{size}repeat {split.repeat}, fold {split.fold}"
