"""What is trained in the procedure of Li et al., npj Comput. Mater. 9:106 (2023).

Source: the notebooks of github.com/liyihang1024/spinel_to_perovskite_TL.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

DOI = "10.1038/s41524-023-01068-7"

PUBLISHED = {"target_only": 0.132, "transfer": 0.106}
"""Mean absolute errors in the paper's abstract, eV/atom."""

REPEATED, LEAK_FREE = "repeated", "leak_free"

FOLDS = 10
FOLD_SEED = 7
HOLD_OUT = 0.1
BATCH = 16
PENALTY = 1e-3


@dataclass(frozen=True)
class Arm:
    """One training: ten folds, or the first of them.

    Parameters
    ----------
    name
        ``"source"``, ``"target_only"`` or ``"transfer"``.
    epochs, learning_rate
        Of every fold.
    penalised
        So many layers, from the input, have an L1 penalty.
    folds
        How many are trained.
    leaks
        As published: the scaler knows all rows, network and optimiser go on from fold to fold, and
        the net that a transfer starts from is that of its best epoch on the fold's rows. Otherwise
        the scaler knows the training rows only, every fold begins anew, and the last epoch counts.
    """

    name: str
    epochs: int
    learning_rate: float
    penalised: int
    folds: int = FOLDS
    leaks: bool = True

    @property
    def procedure(self) -> str:
        """``"repeated"`` or ``"leak_free"``."""
        return REPEATED if self.leaks else LEAK_FREE

    @property
    def place(self) -> str:
        """Where its state is kept, a relative path."""
        return self.name if self.leaks else f"{LEAK_FREE}/{self.name}"

    def fold_steps(self, rows: int) -> int:
        """Return the optimiser steps of a fold, nearly, where the data set has so many rows."""
        train = rows * (1 - HOLD_OUT) * (1 - 1 / FOLDS)
        return self.epochs * math.ceil(train / BATCH)


@dataclass(frozen=True)
class Recipe:
    """The three trainings as published; the transfer starts from the last fold of the source."""

    source: Arm
    target_only: Arm
    transfer: Arm

    @property
    def leak_free(self) -> Recipe:
        """The same without the leaks: one fold of the source is enough, as none is chosen."""
        return Recipe(
            replace(self.source, leaks=False, folds=1),
            replace(self.target_only, leaks=False),
            replace(self.transfer, leaks=False),
        )

    @property
    def sequences(self) -> list[tuple[Arm, ...]]:
        """Arms of both procedures that need each other, the longest sequence first."""
        free = self.leak_free
        return [
            (self.source, self.transfer),
            (free.source, free.target_only, free.transfer),
            (self.target_only,),
        ]

    @property
    def arms(self) -> list[Arm]:
        """All arms of both procedures."""
        return [arm for each in (self, self.leak_free) for arm in each.own]

    @property
    def own(self) -> tuple[Arm, Arm, Arm]:
        """The three arms of this procedure."""
        return (self.source, self.target_only, self.transfer)


PAPER = Recipe(
    # eight folds, as the notebooks go on from the checkpoint of fold 7, counted from 0
    source=Arm("source", 300, 1e-3, 1, folds=8),
    target_only=Arm("target_only", 300, 1e-3, 1),
    transfer=Arm("transfer", 500, 5e-4, 5),
)
