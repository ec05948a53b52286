"""The shape of what `cetransfer suggest` and its simulation read: defaults stand in `conf/`."""

from __future__ import annotations

from dataclasses import dataclass

from cetransfer.errors import UserError
from cetransfer.settings import Settings, TrackingSettings
from cetransfer.settings_screening import SpaceSettings  # noqa: TC001 - Hydra asks for the types


@dataclass
class SuggestSettings:
    """What `cetransfer suggest` reads; `overrides` are the words of the command line.

    `labelled` is a table of compounds that got labels since the model was trained.
    """

    model: str
    space: SpaceSettings
    n: int
    method: str
    labelled: str | None
    seed: int
    shown: int
    tracking: TrackingSettings
    quiet: bool
    output_dir: str | None
    overrides: list[str]


@dataclass
class SimulationSettings(Settings):
    """What `cetransfer suggest simulate` reads, beside all that a comparison does.

    Parameters
    ----------
    n
        Labels of a round.
    first
        Labels to begin with, drawn by chance.
    rounds, further
        Rounds of every method, and how many more of chance alone.
    seeds
        Beginnings, each gone on from with every method.
    test
        Rows that are never labelled and measure the error.
    methods
        Chance is always among them.
    overrides
        The words of the command line.
    """

    n: int
    first: int
    rounds: int
    further: int
    seeds: int
    test: int
    methods: list[str]
    overrides: list[str]


def check_simulation(settings: SimulationSettings) -> None:
    """Check the ranges that types cannot express.

    Raises
    ------
    UserError
        Naming the key, its value and what would be right.
    """
    for key, value, lowest in (
        ("n", settings.n, 1),
        ("first", settings.first, 2),
        ("rounds", settings.rounds, 1),
        ("further", settings.further, 0),
        ("seeds", settings.seeds, 2),
        ("test", settings.test, 1),
    ):
        if value < lowest:
            raise UserError(f"{key}={value} is too small; give {lowest} or more")
    names = list(settings.strategy)
    if len(names) != 1:
        raise UserError(
            f"a simulation trains one strategy, and strategy=[{','.join(names)}] are {len(names)}; "
            "give strategy=[NAME]"
        )
    if settings.protocol.kind != "kfold":
        raise UserError(
            f"protocol={settings.protocol.kind} has no meaning here: all labelled rows are trained "
            "on and rows never labelled are scored; leave it out"
        )
