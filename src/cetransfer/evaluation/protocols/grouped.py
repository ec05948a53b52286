"""Folds that hold out whole groups of rows: elements, pairs, or the user's own groups."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cetransfer.datasets.row_elements import elements_of
from cetransfer.errors import UserError
from cetransfer.evaluation.judges import SignFlip
from cetransfer.evaluation.kin import cations, kin_of
from cetransfer.evaluation.protocol import Layout, Protocol, register
from cetransfer.evaluation.sign_flip import ENOUGH
from cetransfer.evaluation.splits import CROSS_VALIDATION, Split, labelled_rows, whole
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import Settings

#: column of a table with the user's own groups
GROUP = "group"

#: a network needs two rows to know their spread
FEWEST_ROWS = 2

Groups = tuple[str, ...]


class Grouped(Protocol):
    """Groups are packed into folds of about equal size; a fold's groups are held out together.

    What the test takes for a replicate is a fold: its groups share their networks. That rows of
    several folds share elements, and over repeats groups, is added to its standard error.
    """

    #: what the groups are, in words
    unit: ClassVar[str]

    @abstractmethod
    def groups(self, data: Dataset) -> list[Groups]:
        """Return the groups that each row belongs to, one or more.

        Raises
        ------
        UserError
            If the rows have no such groups.
        """

    def layout(self, data: Dataset, settings: Settings) -> Layout:
        """Return the folds of every repeat."""
        protocol = settings.protocol
        rows = len(data.frame)
        labelled = labelled_rows(rows, settings.dataset.n_labelled, settings.dataset.draw)
        groups = self.groups(data)
        names = sorted({name for row in labelled for name in groups[row]})
        if protocol.folds > len(names):
            raise UserError(
                f"protocol.folds={protocol.folds} is more than the {len(names)} {self.unit} of "
                "the labelled rows; give fewer folds"
            )
        splits = []
        for repeat in range(protocol.repeats):
            random = generator(settings.seed, Purpose.FOLDS, repeat)
            packed = pack([groups[row] for row in labelled], protocol.folds, random)
            for fold, held in enumerate(packed):
                split = hold_out(labelled, groups, held, repeat, fold)
                if len(split.train) < FEWEST_ROWS:
                    raise UserError(
                        f"repeat {repeat}, fold {fold}: {len(split.train)} rows are left to train "
                        f"on without {', '.join(sorted(held)[:5])} ...; give more folds"
                    )
                if not protocol.source_has_element:
                    split = dataclasses.replace(split, held=held)
                splits.append(split)
        rest = whole(labelled, rows)
        without = "" if protocol.source_has_element else ", new to the source too"
        times = f"{protocol.repeats} x " if protocol.repeats > 1 else ""
        few = (
            f"{len(splits)} folds are too few for p < 0.05, whatever they say, and the interval is "
            f"that of a t; give {ENOUGH} or more (protocol.folds times protocol.repeats)"
        )
        return Layout(
            labelled,
            [*splits, *([rest] if rest else [])],
            CROSS_VALIDATION,
            SignFlip(
                float(np.mean([len(split.test) / len(split.train) for split in splits])),
                kin_of(data, groups),
                seed=settings.seed,
            ),
            f"{times}{protocol.folds} folds of held-out {self.unit}{without}, {len(labelled)} "
            "labelled rows",
            (few,) if len(splits) < ENOUGH else (),
            groups,
        )


def pack(groups: Sequence[Groups], folds: int, random: np.random.Generator) -> list[frozenset[str]]:
    """Pack the groups of rows into folds: the largest first, each into the emptiest fold.

    Groups of equal size, and folds equally empty, are taken in an order that is left to chance. The
    greedy rule is that of Graham, doi 10.1137/0117039.
    """
    sizes: dict[str, int] = {}
    for row in groups:
        for name in row:
            sizes[name] = sizes.get(name, 0) + 1
    order = random.permutation(sorted(sizes)).tolist()
    packed: list[set[str]] = [set() for _ in range(folds)]
    filled = np.zeros(folds, np.int64)
    for name in sorted(order, key=lambda name: -sizes[name]):
        fold = int(filled.argmin())
        packed[fold].add(name)
        filled[fold] += sizes[name]
    return [frozenset(held) for held in packed]


def hold_out(
    labelled: NDArray[np.int64],
    groups: Sequence[Groups],
    held: frozenset[str],
    repeat: int,
    fold: int,
) -> Split:
    """Return the split that scores every row of a held-out group and trains on all others."""
    out = np.array([not held.isdisjoint(groups[row]) for row in labelled])
    test = labelled[out]
    own = tuple(tuple(name for name in groups[row] if name in held) for row in test)
    return Split(repeat, fold, labelled[~out], test, groups=own)


class _BySite(Grouped):
    """Elements on one site; a held-out element may still stand on another one."""

    holds_elements = True
    site: ClassVar[str]

    def check(self, settings: Settings) -> None:
        """Refuse target rows of which it is open what stands on the site."""
        super().check(settings)
        if settings.dataset.site_order == "both":
            raise UserError(
                f"protocol={settings.protocol.kind} holds out elements on {self.site}, but with "
                "dataset.site_order=both it is open what stands there; choose protocol=by_element"
            )

    def groups(self, data: Dataset) -> list[Groups]:
        """Return the element on the site, or several."""
        if self.site not in cations(data):
            raise UserError(
                f"{data.name} has no site {self.site}, only {', '.join(data.roles)}; choose "
                "another protocol"
            )
        # rows with nothing on the site are held out together too
        return [row or (f"no {self.site}",) for row in elements_of(data.frame[[self.site]])]


@register("by_a")
class ByA(_BySite):
    """No element on A of a scored row stands on A of a training row."""

    site = "A"
    unit = "A elements"


@register("by_b")
class ByB(_BySite):
    """No element on B of a scored row stands on B of a training row."""

    site = "B"
    unit = "B elements"


@register("by_element")
class ByElement(Grouped):
    """No training row has any of the held-out elements, on whatever cation site.

    A row is scored in every fold that holds out one of its elements; its score is the mean over
    these folds.
    """

    holds_elements = True
    unit = "elements"

    def groups(self, data: Dataset) -> list[Groups]:
        """Return the cations of each row."""
        return elements_of(data.frame[cations(data)])


@register("by_pair")
class ByPair(Grouped):
    """Rows of the same cations, in whatever order on their sites, are held out together."""

    unit = "pairs of elements"

    def groups(self, data: Dataset) -> list[Groups]:
        """Return the cations of each row, sorted, as one name."""
        return [("-".join(sorted(row)),) for row in elements_of(data.frame[cations(data)])]


@register("by_group")
class ByGroup(Grouped):
    """Rows of the same group, as the user's table has it in a column of that name."""

    unit = "groups"

    def groups(self, data: Dataset) -> list[Groups]:
        """Return the user's group of each row."""
        if GROUP not in data.frame:
            raise UserError(
                f"data set {data.name} has no column {GROUP}, which protocol=by_group needs; "
                "dataset.target.columns.group=NAME names it in a table of yours"
            )
        column = data.frame[GROUP]
        if column.isna().any():
            raise UserError(
                f"data set {data.name}: row {int(column.isna().to_numpy().argmax()) + 1} has no "
                f"{GROUP}; protocol=by_group needs one for every row"
            )
        return [(str(name),) for name in column]
