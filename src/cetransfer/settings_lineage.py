"""The shapes of what lineage, reproduce and sync read: types only."""

from __future__ import annotations

from dataclasses import dataclass

from cetransfer.settings import TrackingSettings  # noqa: TC001 - the shape is read at run time


@dataclass
class LineageSettings:
    """What `cetransfer lineage` reads: an id, or the data whose descendants are asked for."""

    id: str | None
    verify: bool
    descendants: str | None
    format: str
    tracking: TrackingSettings


@dataclass
class ReproduceSettings:
    """What `cetransfer reproduce` reads."""

    id: str
    run: bool
    output_dir: str | None
    quiet: bool
    tracking: TrackingSettings


@dataclass
class SyncSettings:
    """What `cetransfer sync` reads."""

    tracking: TrackingSettings
    quiet: bool
