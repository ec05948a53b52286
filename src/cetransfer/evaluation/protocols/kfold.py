"""Repeated K-fold cross-validation over the labelled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cetransfer.evaluation.judges import CorrectedT
from cetransfer.evaluation.protocol import Layout, Protocol, register
from cetransfer.evaluation.splits import CROSS_VALIDATION, cross_validation, labelled_rows, whole

if TYPE_CHECKING:
    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import Settings


@register("kfold")
class KFold(Protocol):
    """Folds of rows chosen by chance; rows that are not labelled are scored apart, as unseen."""

    def layout(self, data: Dataset, settings: Settings) -> Layout:
        """Return the folds of every repeat."""
        protocol = settings.protocol
        rows = len(data.frame)
        labelled = labelled_rows(rows, settings.dataset.n_labelled, settings.dataset.draw)
        rest = whole(labelled, rows)
        times = f"{protocol.repeats} x " if protocol.repeats > 1 else ""
        splits = cross_validation(labelled, protocol.folds, protocol.repeats, settings.seed)
        return Layout(
            labelled,
            [*splits, *([rest] if rest else [])],
            CROSS_VALIDATION,
            CorrectedT(1.0 / (protocol.folds - 1)),
            f"{times}{protocol.folds}-fold, {len(labelled)} labelled rows",
        )
