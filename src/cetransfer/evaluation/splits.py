"""Which rows are labelled, and which of them each member trains and is scored on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


CROSS_VALIDATION = "cross_validation"
UNSEEN = "unseen"
DRAW = "draw"


@dataclass(frozen=True)
class Split:
    """Training rows and scored rows.

    Parameters
    ----------
    repeat, fold
        Its number; `fold` is None where all labelled rows are trained on, and the number of the
        draw where rows are drawn.
    train, test
        Row numbers.
    part
        What its scores are a part of; a column of the predictions.
    held
        Elements that its source nets must not have seen either.
    groups
        For each scored row, the groups it is held out with; empty where there are no groups.
    size
        Number of labelled rows, where a learning curve has several; splits of one size are trained
        as one stack.
    """

    repeat: int
    fold: int | None
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    part: str = CROSS_VALIDATION
    held: frozenset[str] = frozenset()
    groups: tuple[tuple[str, ...], ...] = ()
    size: int | None = None


@dataclass(frozen=True)
class Member:
    """One network: its split, its number, its target seed and the source net it may start from."""

    split: Split
    number: int
    target_seed: int
    source: int


def labelled_rows(n_rows: int, n_labelled: int | None, draw: int) -> NDArray[np.int64]:
    """Return the rows whose labels may be used, in order (all of them for None).

    The choice depends on `draw` alone, so that runs with other seeds share their data.

    Raises
    ------
    UserError
        If more rows are asked for than there are.
    """
    if n_labelled is None:
        return np.arange(n_rows)
    if not 1 <= n_labelled <= n_rows:
        raise UserError(
            f"dataset.n_labelled={n_labelled}: give 1 to {n_rows}, the target has so many rows"
        )
    chosen = generator(draw, Purpose.DRAW).choice(n_rows, size=n_labelled, replace=False)
    return np.sort(chosen)


def cross_validation(
    labelled: NDArray[np.int64], folds: int, repeats: int, seed: int
) -> list[Split]:
    """Return the splits of repeated K-fold cross-validation over the labelled rows.

    Raises
    ------
    UserError
        If there are more folds than rows.
    """
    if folds > len(labelled):
        raise UserError(
            f"protocol.folds={folds} is more than the {len(labelled)} labelled rows; "
            "give fewer folds"
        )
    splits = []
    for repeat in range(repeats):
        order = generator(seed, Purpose.FOLDS, repeat).permutation(labelled)
        for fold, test in enumerate(np.array_split(order, folds)):
            train = np.setdiff1d(labelled, test, assume_unique=True)
            splits.append(Split(repeat, fold, train, np.sort(test)))
    return splits


def whole(labelled: NDArray[np.int64], n_rows: int) -> Split | None:
    """Return the split that trains on all labelled rows and is scored on the others, if any."""
    unseen = np.setdiff1d(np.arange(n_rows), labelled, assume_unique=True)
    return Split(0, None, labelled, unseen, UNSEEN) if len(unseen) else None


def held_sets(splits: Sequence[Split]) -> list[frozenset[str]]:
    """Return the different sets of elements kept from source nets, in the order of the splits.

    Each asks for source nets of its own.
    """
    return list(dict.fromkeys(split.held for split in splits))


def make_members(
    splits: Sequence[Split], members: int, source_nets: int | None = None
) -> list[Member]:
    """Return the networks of a stack: member m of fold f has target seed (m + f) mod members.

    Over a block of `members` folds every member meets every target seed once (a Latin square). So
    does every source net that has a member of its own, since member m starts from the same one
    throughout a block: net m where there are as many nets as members. Of another number, the nets
    are dealt in turn, to the members of the first block of folds, then to those of the second, and
    so on over all repeats:

    - fewer nets serve several members each, equally many over every `source_nets` blocks;
    - of more nets, a fold uses as many as it has members, and those that no block comes to are
      never used.

    Parameters
    ----------
    splits
        What is trained on; a split without a fold starts from the nets of the first block.
    members
        Networks per split.
    source_nets
        Their number, None for as many as members. Splits whose source nets must not have seen the
        k-th set of elements start from the nets k * source_nets and following.
    """
    count = members if source_nets is None else source_nets
    sets = held_sets(splits)
    folds = 1 + max((split.fold or 0 for split in splits), default=0)
    blocks = -(-folds // members)
    nets = []
    for split in splits:
        fold = split.fold or 0
        block = split.repeat * blocks + fold // members
        first = sets.index(split.held) * count
        nets += [
            Member(
                split, number, (number + fold) % members, first + (block * members + number) % count
            )
            for number in range(members)
        ]
    return nets
