"""Every random number comes from the one `seed`, through a named purpose."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


class Purpose(IntEnum):
    """What a stream of random numbers is for; the values are part of every result."""

    FOLDS = 1
    INIT = 2
    BATCHES = 3
    DROPOUT = 4
    DRAW = 5
    BOOTSTRAP = 6
    BASELINE = 7
    AUDIT = 8
    PAPER = 9
    SIGN_FLIP = 12
    INNER_FOLDS = 13
    SWEEP_FOLDS = 20
    SWEEP_ROWS = 21
    SWEEP_ASK = 22
    SUGGESTION = 30
    SIMULATION = 31
    KNOWN_ANSWERS = 32


def sequence(seed: int, purpose: Purpose, *path: int) -> np.random.SeedSequence:
    """Return the seed sequence of a purpose; `path` tells repeats, folds and members apart."""
    return np.random.SeedSequence(seed, spawn_key=(int(purpose), *path))


def generator(seed: int, purpose: Purpose, *path: int) -> np.random.Generator:
    """Return the NumPy generator of a purpose."""
    return np.random.default_rng(sequence(seed, purpose, *path))


def number(seed: int, purpose: Purpose, *path: int) -> int:
    """Return one 32-bit seed for libraries that want a number."""
    return int(sequence(seed, purpose, *path).generate_state(1)[0])


def torch_generator(
    seed: int, purpose: Purpose, *path: int, device: str = "cpu"
) -> torch.Generator:
    """Return the PyTorch generator of a purpose."""
    import torch

    return torch.Generator(device=device).manual_seed(number(seed, purpose, *path))
