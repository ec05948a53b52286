"""Folds within folds: the outer ones that no trial sees, and the inner ones of their rest."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.evaluation.inner_folds import inner_folds
from cetransfer.evaluation.protocol import kinds, make_protocol
from cetransfer.evaluation.splits import Split
from cetransfer.seeding import Purpose, generator
from cetransfer.sweeps.batch import FRESH, INNER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import ProtocolSettings
    from cetransfer.settings_sweep import StudySettings

REPEATS = {INNER: 0, FRESH: 1}
"""Each choice of inner folds has random numbers of its own."""

FEWEST = 2
"""Folds of a cross-validation."""


@dataclass(frozen=True)
class Folds:
    """The rows of a sweep.

    Parameters
    ----------
    labelled
        Rows of the target whose labels are used; all other numbers are places in this list.
    outer
        For each study, what its trials may see (``train``) and what its winner is scored on
        (``test``, empty where all is seen).
    groups
        Of each labelled row, where the protocol holds out groups.
    words
        The protocol in words.
    """

    labelled: NDArray[np.int64]
    outer: list[Split]
    groups: list[tuple[str, ...]] | None
    words: str


def require_folds(protocol: ProtocolSettings) -> None:
    """Refuse a protocol that a sweep cannot be nested in, before any data are read.

    Raises
    ------
    UserError
        Naming those that it can be nested in.
    """
    kind = kinds().get(protocol.kind)
    if kind is not None and (kind.reads or not kind.repeatable or protocol.kind == "paper2023"):
        raise UserError(
            f"protocol={protocol.kind} has no folds to nest a sweep in; choose protocol=default, "
            "by_a, by_b, by_element, by_pair or by_group"
        )
    if not protocol.source_has_element:
        raise UserError(
            "protocol.source_has_element=false: source nets of a sweep see all of the source; "
            "leave it out, and give it to `compare` with what the sweep found"
        )


def make_folds(data: Dataset, settings: StudySettings) -> Folds:
    """Return the outer folds of a sweep, split as the protocol says.

    Raises
    ------
    UserError
        If the protocol has no folds, or too many.
    """
    protocol = settings.protocol
    require_folds(protocol)
    outer = settings.sweep.outer_folds
    nested = dataclasses.replace(protocol, folds=outer or FEWEST, repeats=1)
    asked = dataclasses.replace(settings, protocol=nested)
    layout = make_protocol(asked).layout(data, asked)
    labelled = layout.labelled
    groups = None if layout.groups is None else [layout.groups[row] for row in labelled]
    if outer is None:
        everything = Split(
            0,
            None,
            np.arange(len(labelled)),
            np.arange(0),
            groups=tuple(groups or ()),
        )
        return Folds(labelled, [everything], groups, f"{len(labelled)} labelled rows")
    splits = [
        dataclasses.replace(
            split,
            train=np.searchsorted(labelled, split.train),
            test=np.searchsorted(labelled, split.test),
        )
        for split in layout.splits
        if split.fold is not None
    ]
    return Folds(labelled, splits, groups, layout.words)


def inner_splits(
    folds: Folds, outer: int, part: str, count: int, seed: int, n_labelled: int | None = None
) -> list[Split]:
    """Return folds of what the trials of a study may see.

    Folds of rows chosen by chance are trained on equally many rows, so that they share stacks.

    Parameters
    ----------
    folds, outer
        The rows, and which study.
    part
        ``"inner"``, or ``"fresh"`` for other folds of the same rows.
    count
        Number of folds.
    seed
        Of the run.
    n_labelled
        Train on so many rows of each fold at most; the fewer are among the more.
    """
    repeat = REPEATS[part]
    path = (outer, repeat)
    random = generator(seed, Purpose.SWEEP_FOLDS, *path)
    found = inner_folds(folds.outer[outer], folds.groups, count, random)
    sizes = [len(train) for train, _ in found]
    even = min(sizes, default=0) if max(sizes, default=0) - min(sizes, default=0) <= 1 else None
    return [
        Split(
            repeat,
            fold,
            subset(train, n_labelled if n_labelled is not None else even, seed, *path, fold),
            test,
        )
        for fold, (train, test) in enumerate(found)
    ]


def subset(rows: NDArray[np.int64], count: int | None, seed: int, *path: int) -> NDArray[np.int64]:
    """Return so many of the rows, in order; the fewer are among the more."""
    if count is None or count >= len(rows):
        return rows
    order = generator(seed, Purpose.SWEEP_ROWS, *path).permutation(rows)
    return np.sort(order[:count])
