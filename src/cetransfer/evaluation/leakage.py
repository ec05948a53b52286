"""The leakage audit: what source, training and scored rows of each split have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cetransfer.training.proofs import ProofError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cetransfer.evaluation.splits import Split
    from cetransfer.features.domain import Domain


@dataclass(frozen=True)
class Leakage:
    """Counts of one split; `fold` is None where all labelled rows are trained on.

    Parameters
    ----------
    repeat, fold
        Which split.
    train, test
        Rows.
    pairs_in_source
        Scored rows whose elements on all sites some source row has too.
    compounds_in_source
        Of these, rows that the source has in the target's own prototype: the same compound.
    new_to_train, new_to_source
        Elements of scored rows that no training row, or no source row, has.
    """

    repeat: int
    fold: int | None
    train: int
    test: int
    pairs_in_source: int
    compounds_in_source: int
    new_to_train: list[str]
    new_to_source: list[str]


def leakage_audit(
    sources: Sequence[Domain], target: Domain, splits: Sequence[Split]
) -> list[Leakage]:
    """Count, for every split, what the scored rows share with what is trained on.

    Raises
    ------
    ProofError
        If a row is both trained on and scored.
    """
    sites = [tuple(row) for row in target.sites.itertuples(index=False)]
    in_source = {tuple(row) for source in sources for row in source.sites.itertuples(index=False)}
    same_prototype = {
        tuple(row)
        for source in sources
        if source.data.prototype == target.data.prototype
        for row in source.sites.itertuples(index=False)
    }
    source_elements = {element for row in in_source for element in row}
    found = []
    for split in splits:
        both = set(split.train.tolist()) & set(split.test.tolist())
        if both:
            raise ProofError(
                f"repeat {split.repeat}, fold {split.fold}: row {min(both) + 1} is trained on and "
                "scored; the split leaks"
            )
        scored = [sites[row] for row in split.test]
        elements = {element for row in scored for element in row}
        trained = {element for row in split.train for element in sites[row]}
        found.append(
            Leakage(
                repeat=split.repeat,
                fold=split.fold,
                train=len(split.train),
                test=len(split.test),
                pairs_in_source=sum(row in in_source for row in scored),
                compounds_in_source=sum(row in same_prototype for row in scored),
                new_to_train=sorted(elements - trained),
                new_to_source=sorted(elements - source_elements),
            )
        )
    return found
