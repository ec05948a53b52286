"""The shape of what `sweep` reads: types only, every default stands in `conf/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cetransfer.settings import Settings


@dataclass
class SweepSettings:
    """Group `sweep`: what is searched, and how.

    `space` maps a key of the configuration to its distribution, see `cetransfer.sweeps.space`;
    `outer_folds` is None where no fold is kept from the trials, `rungs` None for all inner folds
    at once. `storage` is the database that several machines share, None for a file in the sweep's
    folder; `study` its name there, None for `name`; `grace` in seconds.
    """

    name: str
    storage: str | None
    study: str | None
    grace: float
    sampler: str
    trials: int
    batch: int
    members: int
    outer_folds: int | None
    inner_folds: int
    rungs: list[int] | None
    pruner: str
    objectives: list[str]
    space: dict[str, Any]


@dataclass
class StudySettings(Settings):
    """What `cetransfer sweep` reads; `overrides` are the words of the command line."""

    sweep: SweepSettings
    overrides: list[str]
