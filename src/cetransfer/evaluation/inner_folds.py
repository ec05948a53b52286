"""Folds within the training rows of a split, for choices that must not look at its scored rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.evaluation.protocols.grouped import hold_out, pack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.evaluation.splits import Split

Fold = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Training rows and rows to score."""


def inner_folds(
    split: Split,
    groups: Sequence[tuple[str, ...]] | None,
    folds: int,
    random: np.random.Generator,
) -> list[Fold]:
    """Return folds of the training rows of a split.

    Where the split holds out groups, so do they: what is chosen is then chosen for the question
    that the split asks. Where too few groups are left for that, and everywhere else, rows are
    chosen by chance.

    Parameters
    ----------
    split
        Whose training rows are split again; its scored rows are not looked at.
    groups
        The groups of every target row, where the protocol has any.
    folds
        Their number; fewer where there are fewer groups or rows.
    random
        Of the choice.

    Returns
    -------
    No fold where there is only one row.
    """
    train = split.train
    if groups is not None and split.groups:
        found = _grouped(train, groups, folds, random)
        if found:
            return found
    if len(train) < 2:  # noqa: PLR2004 - one to train on, one to score
        return []
    order = random.permutation(train)
    pieces = np.array_split(order, min(folds, len(train)))
    return [(np.setdiff1d(train, test, assume_unique=True), np.sort(test)) for test in pieces]


def _grouped(
    train: NDArray[np.int64],
    groups: Sequence[tuple[str, ...]],
    folds: int,
    random: np.random.Generator,
) -> list[Fold]:
    """Return folds that hold out groups, less those that would leave nothing to train on."""
    own = [groups[row] for row in train]
    names = {name for row in own for name in row}
    packed = pack(own, min(folds, len(names)), random)
    held = [hold_out(train, groups, each, 0, fold) for fold, each in enumerate(packed)]
    return [(each.train, each.test) for each in held if len(each.train)]
