"""The shape of what `cetransfer screen` and its kin read: types only, defaults stand in `conf/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cetransfer.settings import ComputeSettings, TrackingSettings  # noqa: TC001 - Hydra asks for the types


@dataclass
class ListColumns:
    """Names of the columns of the user's own list; no formula means columns A, B or ``formula``.

    `energy` is a column of formation energies in eV/atom, if there is one.
    """

    formula: str | None
    energy: str | None


@dataclass
class SpaceSettings:
    """Group `space`: the compounds to screen.

    `elements` is None for the 73 of Li et al. (2023), `elements_a` and `elements_b` where a site
    has no others; `share_a` and `share_b` are how many different elements share a site; `path` is
    the user's own list.
    """

    name: str
    prototype: str
    elements: list[str] | None
    elements_a: list[str] | None
    elements_b: list[str] | None
    share_a: int
    share_b: int
    path: str | None
    columns: ListColumns


@dataclass
class ShannonSettings:
    """Keys below `shannon`: coordination of the sites, Roman numerals, and the spin."""

    coordination_a: str
    coordination_b: str
    spin: str


@dataclass
class ProvenanceSettings:
    """Keys below `provenance`: data sets of calculated energies, and of experimental labels."""

    tables: list[str]
    experiments: list[str]


@dataclass
class FurtherList:
    """A further list from the same candidates: criteria that differ, and a list to set beside.

    `criteria` changes keys of those of the funnel; `published` is a file of formulas, or None.
    """

    criteria: dict[str, dict[str, Any]]
    published: str | None
    formula: str


@dataclass
class ScreenSettings:
    """What `cetransfer screen` reads.

    `criteria` maps a name to the fields of a criterion, `cetransfer.screening` checks them; `known`
    is the user's own list of compounds known from experiments; `held_out` asks how often intervals
    of the model hold on held-out elements; `overrides` are the words of the command line; `best` is
    how long the shortlist of a space in parts is.
    """

    name: str | None
    model: str | None
    space: SpaceSettings
    criteria: dict[str, dict[str, Any]]
    radii: str
    missing_radius: str
    shannon: ShannonSettings
    charge_rule: str
    provenance: ProvenanceSettings
    known: str | None
    held_out: bool
    further: dict[str, FurtherList]
    best: int
    shown: int
    tracking: TrackingSettings
    compute: ComputeSettings
    quiet: bool
    output_dir: str | None
    overrides: list[str]
