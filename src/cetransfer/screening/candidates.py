"""The candidates of a space, and what is known of each before any criterion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.dataset import FORMATION_ENERGY
from cetransfer.errors import UserError
from cetransfer.screening.charges import balanced
from cetransfer.screening.criteria.goldschmidt import tolerance_factor
from cetransfer.screening.criteria.hull import HullDistance
from cetransfer.screening.criteria.octahedral import octahedral_factor
from cetransfer.screening.criteria.tau import (
    LOWEST_FITTED,
    Tau,
    bartel_tau,
    tau_probability,
)
from cetransfer.screening.evidence import Evidence
from cetransfer.screening.own_list import read_list
from cetransfer.screening.radii import make_radii
from cetransfer.screening.reference_phases import phases_for
from cetransfer.screening.sites import sites_of
from cetransfer.screening.spaces import AT_ONCE, LIST, make_space

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from cetransfer.screening.criterion import Criterion
    from cetransfer.screening.energies import Energies
    from cetransfer.screening.own_list import OwnList
    from cetransfer.screening.radii import Radii, SiteRadii
    from cetransfer.screening.sites import Sites
    from cetransfer.screening.spaces import Space
    from cetransfer.settings_screening import ScreenSettings
    from cetransfer.structures.prototypes import Prototype

RADII = ("r_a", "r_b", "r_x")


@dataclass(frozen=True)
class Candidates:
    """Compounds to screen.

    Parameters
    ----------
    frame
        ``formula``, A, B, X, and A2, B2 where sites are shared.
    prototype
        Of all of them.
    own
        The user's list, if they come from one.
    space
        The space, if they come from one. Where it holds more than a table takes, `frame` has no
        rows, and they are taken in parts.
    """

    frame: pd.DataFrame
    prototype: Prototype
    own: OwnList | None = None
    space: Space | None = None

    def __len__(self) -> int:
        return len(self.frame) if self.space is None else len(self.space)

    @property
    def in_parts(self) -> bool:
        """Whether there are more than a table takes."""
        return len(self) > len(self.frame)

    @property
    def mixed(self) -> bool:
        """Whether some site is shared."""
        return bool({"A2", "B2"} & {*self.frame.columns})

    @property
    def has_energies(self) -> bool:
        """Whether the list brings energies."""
        return self.own is not None and FORMATION_ENERGY in self.own.frame


def load_candidates(settings: ScreenSettings) -> Candidates:
    """Return the candidates of the space that is asked for.

    Raises
    ------
    UserError
        See `cetransfer.screening.spaces` and `cetransfer.screening.own_list`.
    """
    space = settings.space
    if space.name == LIST:
        own = read_list(space)
        frame = own.frame.drop(columns=FORMATION_ENERGY, errors="ignore")
        return Candidates(frame, own.prototype, own)
    if space.path is not None or space.columns.energy is not None:
        key = "path" if space.path is not None else "columns.energy"
        raise UserError(f"space.{key} has no meaning for space={space.name}; give space=list")
    made = make_space(space)
    frame = made.candidates(last=None if len(made) <= AT_ONCE else 0)
    return Candidates(frame, made.prototype, space=made)


@dataclass(frozen=True)
class Known:
    """What is known of n candidates but for their energies.

    Parameters
    ----------
    sites
        How they are filled.
    evidence
        Without energies.
    columns
        For the table of candidates.
    hashes, limits
        Of all that was read.
    """

    sites: Sites
    evidence: Evidence
    columns: dict[str, Any]
    hashes: dict[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = field(default=())


def radii_for(
    criteria: Sequence[Criterion], prototype: Prototype, settings: ScreenSettings
) -> Radii | None:
    """Return the radii that criteria need; None where the prototype has no use for them.

    Raises
    ------
    UserError
        As `make_radii`.
    """
    needed = any({*RADII, "n_a"} & {*each.needs} for each in criteria)
    if not needed and prototype.name != "perovskite":
        return None
    return make_radii(settings, mark=not needed)


def known_of(
    candidates: Candidates,
    criteria: Sequence[Criterion],
    settings: ScreenSettings,
    radii: Radii | None,
    root: Path,
) -> Known:
    """Work out radii, charges and reference phases.

    Raises
    ------
    UserError
        Where a criterion needs what cannot be had.
    """
    sites = sites_of(candidates.frame, candidates.prototype)
    rules = [str(getattr(each, "rule", settings.charge_rule)) for each in criteria]
    rule = next((each for each in rules if each != settings.charge_rule), settings.charge_rule)
    charged = balanced(sites, rule)
    columns: dict[str, Any] = {"charge_balanced": charged}
    evidence: dict[str, Any] = {"balanced": charged}
    hashes: dict[str, str] = {}
    limits: list[str] = []
    every = len(candidates.frame)
    if radii is not None:
        found = radii.of_sites(sites)
        evidence |= {"r_a": found.a, "r_b": found.b, "r_x": found.x, "n_a": found.n_a}
        columns |= _of_radii(found)
        hashes |= radii.hashes
        lacking = int((found.problem != "").sum())
        if lacking:
            limits.append(f"{lacking} of {every} candidates: no radii and so no t, mu and tau")
        if any(isinstance(each, Tau) for each in criteria):
            beyond = int((columns["tau"] < LOWEST_FITTED).sum())
            if beyond:
                limits.append(
                    f"{beyond} of {every} candidates: tau below {LOWEST_FITTED:.2f}, the lowest of "
                    "the compounds it was fitted to; its probability is extrapolated there"
                )
    for each in criteria:
        if isinstance(each, HullDistance):
            phases = phases_for(each, candidates.prototype.name, root)
            formulas = candidates.frame["formula"]
            evidence["hull_energy"] = phases.hull_energies(formulas)
            columns["hull_energy"] = evidence["hull_energy"]
            hashes |= phases.hashes
            limits += [phases.words, *phases.limits]
            if unknown := int(np.isnan(evidence["hull_energy"]).sum()):
                limits.append(
                    f"{unknown} of {every} candidates: no hull distance, as the reference phases "
                    "say nothing of them"
                )
    return Known(sites, Evidence(**evidence), columns, hashes, tuple(limits))


def _of_radii(found: SiteRadii) -> dict[str, Any]:
    """Return the columns that follow from radii, with what was assumed of each row."""
    tau = bartel_tau(found.a, found.b, found.x, found.n_a)
    return {
        "r_a": found.a,
        "r_b": found.b,
        "r_x": found.x,
        "n_a": found.n_a,
        "radii": found.assumption,
        "radii_problem": found.problem,
        "t": tolerance_factor(found.a, found.b, found.x),
        "mu": octahedral_factor(found.b, found.x),
        "tau": tau,
        "tau_probability": tau_probability(tau),
    }


def with_energies(known: Evidence, energies: Energies | None) -> Evidence:
    """Return the evidence with energies and, where there are any, intervals."""
    if energies is None:
        return known
    table = energies.table
    numbers = {
        name: table[name].to_numpy(np.float64) for name in (FORMATION_ENERGY, "lower", "upper")
    }
    unsure = not np.isnan(numbers["upper"]).all()
    return replace(
        known,
        energy=numbers[FORMATION_ENERGY],
        lower=numbers["lower"] if unsure else None,
        upper=numbers["upper"] if unsure else None,
    )
