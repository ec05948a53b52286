"""An arm of the simulation: one method from one beginning, and the rows it has labels of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError
from cetransfer.seeding import Purpose, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.settings_suggest import SimulationSettings

TEST, FIRST, CHOICE = range(3)
"""First number of the path of a stream of random numbers."""


@dataclass(frozen=True, order=True)
class Arm:
    """A method and the number of its beginning, from 0."""

    method: str
    seed: int


@dataclass(frozen=True)
class Rows:
    """Which rows take part: those that measure the error, and those that may be labelled."""

    test: NDArray[np.int64]
    pool: NDArray[np.int64]


def rows_of(settings: SimulationSettings, taking_part: NDArray[np.int64]) -> Rows:
    """Draw the rows that are never labelled.

    Raises
    ------
    UserError
        If too few are left for all rounds.
    """
    order = generator(settings.seed, Purpose.SIMULATION, TEST).permutation(taking_part)
    needed = settings.first + settings.n * (settings.rounds + settings.further)
    left = len(order) - settings.test
    if needed > left:
        raise UserError(
            f"{settings.rounds} + {settings.further} rounds of n={settings.n} after "
            f"first={settings.first} are {needed} labels, and test={settings.test} leaves "
            f"{max(left, 0)} of {len(order)} rows; give smaller rounds, further, n, first or test"
        )
    return Rows(np.sort(order[: settings.test]), np.sort(order[settings.test :]))


def beginning(settings: SimulationSettings, rows: Rows, seed: int) -> NDArray[np.int64]:
    """Return the rows labelled before the first choice, the same for all methods."""
    random = generator(settings.seed, Purpose.SIMULATION, FIRST, seed)
    return np.sort(random.permutation(rows.pool)[: settings.first])


def choice_generator(settings: SimulationSettings, arm: Arm, labels: int) -> np.random.Generator:
    """Return the random numbers of an arm's next choice, the same for all methods."""
    return generator(settings.seed, Purpose.SIMULATION, CHOICE, arm.seed, labels)
