"""Which rows each member of a stack sees at each step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def steps_for(rows: Sequence[NDArray[np.int64]], epochs: int, batch_size: int) -> int:
    """Return the optimiser steps that give the largest member at least `epochs` passes."""
    largest = max(len(index) for index in rows)
    return math.ceil(epochs * largest / min(batch_size, largest))


def draw_batches(
    rows: Sequence[NDArray[np.int64]],
    steps: int,
    batch_size: int,
    generators: Sequence[np.random.Generator],
) -> NDArray[np.int32]:
    """Return row numbers (steps, M, B).

    A member draws from its own rows only: shuffled passes, one after the other, cut into batches.
    So members with a row more or less take equal steps, and each is the same in any stack.
    """
    batch_size = min(batch_size, *(len(index) for index in rows))
    batches = np.empty((steps, len(rows), batch_size), np.int32)
    for member, (index, generator) in enumerate(zip(rows, generators, strict=True)):
        passes = math.ceil(steps * batch_size / len(index))
        stream = np.concatenate([generator.permutation(index) for _ in range(passes)])
        batches[:, member] = stream[: steps * batch_size].reshape(steps, batch_size)
    return batches


class _Steps(Dataset[torch.Tensor]):
    """One item per optimiser step: row numbers (M, B)."""

    def __init__(self, batches: NDArray[np.int32]) -> None:
        self.batches = torch.from_numpy(batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, step: int) -> torch.Tensor:
        return self.batches[step]


class StackData(pl.LightningDataModule):
    """Serves the batches (M, B) of a stack, one per optimiser step."""

    def __init__(self, batches: NDArray[np.int32]) -> None:
        super().__init__()
        self.steps = _Steps(batches)

    def train_dataloader(self) -> DataLoader[torch.Tensor]:
        """Return the steps in their order."""
        return DataLoader(self.steps, batch_size=None, shuffle=False)
