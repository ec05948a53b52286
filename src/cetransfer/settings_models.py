"""The shapes of what predict, export, register and promote read: types only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class PredictSettings:
    """What `cetransfer predict` reads; `shown` is how many rows of a table are printed."""

    model: str
    inputs: list[str]
    output: str | None
    shown: int
    quiet: bool


@dataclass
class ExportSettings:
    """What `cetransfer export` reads."""

    model: str
    output: str | None
    quiet: bool


@dataclass
class RegisterSettings:
    """What `cetransfer register` reads; `name` is that of the registered model."""

    model: str
    name: str
    quiet: bool


@dataclass
class PromoteSettings:
    """What `cetransfer promote` reads; `force` is the reason for promoting all the same."""

    model: str
    name: str
    force: str | None
    quiet: bool
