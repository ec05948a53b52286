"""What the members of a stack learn from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.networks.scaling import set_x_scaler, set_y_scaler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cetransfer.networks.stack import MlpStack


@dataclass(frozen=True)
class Lesson:
    """Rows with features and labels, and which of them each of M members may draw.

    Parameters
    ----------
    features
        (n, d), raw.
    labels
        (n,), or (M, n) where each member has labels of its own.
    rows
        M index arrays: the rows a member draws.
    beside
        M index arrays: rows that a member draws as many of in every batch, beside its own; None for
        none.
    heads
        (n,) number of the head that learns a row; None where there is one head.
    extra
        (M, n, k) further features, of each member its own; None for none.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.float64]
    rows: Sequence[NDArray[np.int64]]
    beside: Sequence[NDArray[np.int64]] | None = None
    heads: NDArray[np.int64] | None = None
    extra: NDArray[np.float32] | None = None

    @property
    def head_of(self) -> NDArray[np.int64]:
        """The head that learns each row (n,)."""
        return np.zeros(len(self.features), np.int64) if self.heads is None else self.heads

    @property
    def width(self) -> int:
        """Number of features a member sees."""
        shared: int = self.features.shape[1]
        return shared + (0 if self.extra is None else self.extra.shape[2])

    def inputs(self, member: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return all features of a member's rows (r, d + k)."""
        shared = self.features[rows]
        if self.extra is None:
            return shared
        return np.concatenate([shared, self.extra[member, rows]], axis=1)

    def labels_of(self, member: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the labels of a member's rows (r,)."""
        return self.labels[rows] if self.labels.ndim == 1 else self.labels[member, rows]

    @property
    def labels_by_member(self) -> NDArray[np.float64]:
        """The labels as each member sees them (M, n)."""
        return np.broadcast_to(self.labels, (len(self.rows), len(self.features)))

    def joined(self, others: Sequence[Lesson]) -> Lesson:
        """Return the lesson of these members and, after them, those of others of the same rows."""
        if not others:
            return self
        lessons = [self, *others]
        beside = [each.beside for each in lessons if each.beside is not None]
        extra = [each.extra for each in lessons if each.extra is not None]
        return dataclasses.replace(
            self,
            labels=np.concatenate([each.labels_by_member for each in lessons]),
            rows=[rows for each in lessons for rows in each.rows],
            beside=[rows for each in beside for rows in each] if beside else None,
            extra=np.concatenate(extra) if extra else None,
        )

    def fit_scalers(self, stack: MlpStack) -> None:
        """Standardise each member on the rows it sees, and each head on the labels it learns."""
        heads = self.head_of
        for member in range(stack.members):
            rows = self.seen(member)
            set_x_scaler(stack, member, self.inputs(member, rows))
            for head in range(stack.heads):
                own = rows[heads[rows] == head]
                set_y_scaler(stack, member, head, self.labels_of(member, own))

    def seen(self, member: int) -> NDArray[np.int64]:
        """Return every row that a member is trained on."""
        own = self.rows[member]
        return own if self.beside is None else np.concatenate([own, self.beside[member]])
