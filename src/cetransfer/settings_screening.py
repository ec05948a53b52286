"""The shape of what `cetransfer screen` and its kin read: types only, defaults stand in `conf/`."""

from __future__ import annotations

from dataclasses import dataclass


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
