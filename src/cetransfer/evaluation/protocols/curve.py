"""A learning curve: several sizes of the labelled set, several draws of each."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.evaluation.judges import PairedT
from cetransfer.evaluation.kin import kin_of
from cetransfer.evaluation.protocol import (
    ENOUGH_DRAWS,
    Layout,
    Protocol,
    register,
)
from cetransfer.evaluation.splits import Split, cross_validation
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.evaluation.judges import Judge
    from cetransfer.settings import Settings

#: tells these orders of rows from those of other draws
ORDER = 2


@register("learning_curve")
class LearningCurve(Protocol):
    """Draw k is an order of rows, number `dataset.draw` + k; each size takes the first of them.

    So the smaller sets of a draw lie within the larger ones. Draws are tested on the rows of no
    labelled set, where there are at least as many of these as the largest set has; otherwise each
    draw is tested on a fold of its own, held out before its rows are drawn. Draws of one size share
    labelled rows, the more the larger they are, and the test of a size knows how many.
    """

    reads = frozenset({"draws", "sizes"})
    repeatable = False

    def check(self, settings: Settings) -> None:
        """Refuse fewer draws than an interval at every size can rest on."""
        super().check(settings)
        draws = settings.protocol.draws or 0
        if draws < ENOUGH_DRAWS:
            raise UserError(
                f"protocol.draws={draws} is too small for a learning curve; give {ENOUGH_DRAWS} or "
                "more"
            )

    def layout(self, data: Dataset, settings: Settings) -> Layout:
        """Return one split per size and draw; its fold is the number of the draw."""
        rows = len(data.frame)
        asked = settings.protocol.sizes or []
        largest = min(max(asked), rows)
        orders = _orders(rows, settings)
        rest = np.setdiff1d(np.arange(rows), np.concatenate([order[:largest] for order in orders]))
        common = len(rest) >= largest
        if common:
            tests = [rest] * len(orders)
            where = f"{len(rest)} others"
        else:
            folds = _folds(rows, settings)
            tests = [fold.test for fold in folds]
            orders = [
                order[np.isin(order, fold.train)] for order, fold in zip(orders, folds, strict=True)
            ]
            where = f"held-out folds of {len(tests[0])}"
        sizes = limited(asked, min(len(order) for order in orders))
        splits = [
            Split(0, draw, np.sort(order[:size]), test, part_of(size), size=size)
            for size in sizes
            for draw, (order, test) in enumerate(zip(orders, tests, strict=True))
        ]
        kin = kin_of(data)
        judges: dict[str, Judge] = {
            part_of(size): PairedT(
                shared_training([split for split in splits if split.size == size]), kin, common
            )
            for size in sizes
        }
        several = f" (largest of {len(sizes)} sizes)" if len(sizes) > 1 else ""
        return Layout(
            np.unique(np.concatenate([split.train for split in splits])),
            splits,
            part_of(sizes[-1]),
            judges[part_of(sizes[-1])],
            f"{len(orders)} draws of {sizes[-1]} labelled rows{several}, tested on {where}",
            judges=judges,
        )


def part_of(size: int) -> str:
    """Return the part of the predictions that a size of the labelled set is."""
    return f"size_{size}"


def limited(sizes: Sequence[int], most: int) -> list[int]:
    """Return the sizes in order, those above `most` rows cut down to it."""
    return sorted({min(size, most) for size in sizes})


def shared_training(splits: Sequence[Split]) -> float:
    """Return what stands for n_test / n_train of draws that share some of their labelled rows.

    A score is a function of its training rows. Of two that have a share o of theirs in common the
    correlation is at most o, whatever the function (by Hoeffding's decomposition, Ann. Math. Stat.
    19:293 (1948), doi 10.1214/aoms/1177730196: what k rows do together is common to o^k). A
    correlation r of all replicates adds r / (1 - r) of their variance to that of their mean, where
    Nadeau and Bengio's r is n_test / n. The smaller of both is returned.

    Parameters
    ----------
    splits
        Of one size, two or more.
    """
    size, test = len(splits[0].train), min(len(split.test) for split in splits)
    pairs = combinations([split.train for split in splits], 2)
    overlap = float(np.mean([len(np.intersect1d(*pair)) for pair in pairs])) / size
    return test / size if overlap == 1.0 else min(overlap / (1.0 - overlap), test / size)


def _orders(rows: int, settings: Settings) -> list[NDArray[np.int64]]:
    first = settings.dataset.draw
    return [
        generator(first + draw, Purpose.DRAW, ORDER).permutation(rows)
        for draw in range(settings.protocol.draws or 0)
    ]


def _folds(rows: int, settings: Settings) -> list[Split]:
    """Return a fold for every draw, from further repeats where draws are more than folds."""
    protocol = settings.protocol
    draws = protocol.draws or 0
    repeats = -(-draws // protocol.folds)
    return cross_validation(np.arange(rows), protocol.folds, repeats, settings.seed)[:draws]
