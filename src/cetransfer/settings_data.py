"""The shapes of what the commands `data ...` read: types only."""

from __future__ import annotations

from dataclasses import dataclass

from cetransfer.settings import (  # noqa: TC001 - the shapes are read at run time
    ComputeSettings,
    TrackingSettings,
)


@dataclass
class LabelSettings:
    """What `cetransfer data label` reads."""

    prototype: str
    elements: list[str] | None
    compute: ComputeSettings
    quiet: bool
    output_dir: str | None


@dataclass
class ListSettings:
    """What `cetransfer data list` reads: nothing."""


@dataclass
class ShowSettings:
    """What `cetransfer data show` reads."""

    name: str


@dataclass
class AuditColumns:
    """Names of the columns of a table to audit; no formula means columns A, B, X."""

    formula: str | None
    energy: str
    total_energy: str


@dataclass
class AuditSettings:
    """What `cetransfer data audit` reads; prototype, unit and columns are those of a file."""

    source: str
    target: str | None
    sites_from: str | None
    prototype: str | None
    unit: str
    columns: AuditColumns
    tracking: TrackingSettings
    quiet: bool
    output_dir: str | None
