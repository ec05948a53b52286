"""Faults that show in the rows themselves: no number, the same compound twice, a wrong unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.audit.finding import Finding, counted, rows_of
from cetransfer.datasets.dataset import SHOWN
from cetransfer.datasets.units import KJ_PER_MOL
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.datasets.audit.finding import Subject

ENERGY_LIMIT = 5.5
"""eV/atom. No oxide or fluoride lies below -4.5 (Th, Y, Hf oxides, rare-earth fluorides)."""

UNIT_LIMIT = 20.0
"""eV/atom. Beyond this, a wrong reference is no explanation either."""

TYPICAL = 2.0
"""eV/atom: size of a formation energy of an oxide, from which a wrong unit is guessed."""

SMALL = 0.1
"""eV/atom. A table whose energies all lie below is in a bigger unit, or holds another quantity."""

MANY = 20
"""Fewer rows than this say nothing about the unit of a table."""

THIN = 5
"""Rows for each element, below which a fit of the rows says little about any one of them."""

SAME = 1e-6
"""eV/atom: closer energies are copies of each other."""


def unusable_row(subject: Subject) -> list[Finding]:
    """Say which rows of the file hold no compound of the prototype, and why."""
    if not subject.unusable:
        return []
    reasons = list(dict.fromkeys(row["problem"] for row in subject.unusable))
    more = f" and {len(reasons) - SHOWN} more reasons" if len(reasons) > SHOWN else ""
    rows = counted(len(subject.unusable), "row")
    message = f"{rows} not to be read: {'; '.join(reasons[:SHOWN])}{more}"
    return [Finding("unusable_row", subject.name, message, subject.unusable)]


def not_a_number(subject: Subject) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Find labels that are no finite number; also return which rows (n,) they are in."""
    bad = np.isnan(subject.energies)
    if not bad.any():
        return [], bad
    message = f"{counted(bad.sum(), 'label')} without a finite number"
    return [Finding("not_a_number", subject.name, message, rows_of(subject.frame, bad))], bad


def duplicates(subject: Subject) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Find compounds that occur twice, and mark (n,) all rows but the first of each.

    The same energy again is a ``duplicate``; another energy is a ``polymorph``, or a label that one
    of the two has wrong.
    """
    frame, energies = subject.frame, subject.energies
    keys = list(subject.roles)
    again = frame.duplicated(keys).to_numpy()
    if not again.any():
        return [], again
    group = frame.groupby(keys, sort=False).ngroup().to_numpy()
    lowest = np.full(group.max() + 1, np.inf)
    highest = -lowest
    np.minimum.at(lowest, group, energies)
    np.maximum.at(highest, group, energies)
    several = np.bincount(group)[group] > 1
    gap = (highest - lowest)[group]
    findings = []
    for kind, chosen, words in (
        ("duplicate", several & (gap <= SAME), "rows repeat a compound with its label"),
        ("polymorph", several & (gap > SAME), "rows give one compound several labels"),
    ):
        if chosen.any():
            rows = rows_of(frame, chosen, formation_energy=energies, gap=gap)
            evidence = {"compounds": len(np.unique(group[chosen])), "same_below": SAME}
            findings.append(Finding(kind, subject.name, f"{chosen.sum()} {words}", rows, evidence))
    return findings, again


def suspicious_unit(
    subject: Subject, limit: float = ENERGY_LIMIT
) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Find labels that cannot be in eV/atom; also return which rows (n,) they are in.

    If half the table is beyond what a compound can have, the table is in another unit; else the
    rows are: those beyond `limit`, in eV/atom.
    """
    energies = subject.energies
    beyond = np.abs(energies) > ENERGY_LIMIT
    typical = float(np.median(np.abs(energies)))
    limits = {"limit": ENERGY_LIMIT, "typical_magnitude": round(typical, 4)}
    whole = np.ones(len(energies), dtype=bool)
    if len(energies) >= MANY and np.percentile(np.abs(energies), 95) < SMALL:
        message = (
            f"all labels are small (typically {typical:.3g}): not a formation energy in eV/atom"
        )
        return [Finding("suspicious_unit", subject.name, message, evidence=limits)], whole
    if beyond.mean() > 1 / 2 and len(energies) >= MANY:
        unit, factor = _likely(typical / TYPICAL, subject.prototype)
        message = f"the labels look like {unit}, not eV/atom (typically {typical:.3g} in size)"
        evidence = {**limits, "likely_unit": unit, "factor": factor}
        rows = rows_of(subject.frame, beyond, formation_energy=energies)
        return [Finding("suspicious_unit", subject.name, message, rows, evidence)], whole
    beyond = np.abs(energies) > limit
    if not beyond.any():
        return [], beyond
    rest = np.abs(energies[~beyond])
    usual = max(float(np.median(rest)) if len(rest) else TYPICAL, TYPICAL / 4)
    ratio = float(np.median(np.abs(energies[beyond]))) / usual
    unit, factor = _likely(ratio, subject.prototype)
    rows = rows_of(subject.frame, beyond, formation_energy=energies)
    message = f"{counted(beyond.sum(), 'label')} beyond any compound, in size like {unit}"
    evidence = {**limits, "likely_unit": unit, "factor": factor, "ratio_to_the_rest": ratio}
    return [Finding("suspicious_unit", subject.name, message, rows, evidence)], beyond


def equal_sites(subject: Subject) -> list[Finding]:
    """List the rows with one element on several sites: sound, but with fewer kinds of atoms."""
    sites = subject.cations
    equal = (subject.frame[sites].nunique(axis=1) < len(sites)).to_numpy()
    if not equal.any():
        return []
    which = "A and B" if subject.paired else f"several of {', '.join(sites)}"
    message = f"{equal.sum()} rows have the same element on {which}"
    return [Finding("equal_sites", subject.name, message, rows_of(subject.frame, equal))]


def thin(subject: Subject) -> list[Finding]:
    """Say so where there are too few rows of each element to judge single labels by the others."""
    elements = set(subject.frame[subject.cations].to_numpy().ravel())
    rows = len(subject.frame)
    if not elements or rows >= THIN * len(elements):
        return []
    message = (
        f"{counted(rows, 'row')} of {len(elements)} elements on cation sites are few: only labels "
        "far off can be told from the others"
    )
    return [Finding("thin_table", subject.name, message, evidence={"rows_per_element": THIN})]


def not_checked(subject: Subject) -> list[Finding]:
    """Say which checks have no ground where there are not two cation sites."""
    if subject.paired:
        return []
    message = (
        f"{subject.prototype} has {len(subject.cations)} cation site"
        f"{'' if len(subject.cations) == 1 else 's'}: wrong references, outliers and the order of "
        "sites are looked for only where there are two"
    )
    return [Finding("not_checked", subject.name, message)]


def _likely(ratio: float, prototype: str) -> tuple[str, float]:
    """Return the unit whose size in eV/atom is nearest to a ratio, and that size."""
    shape = prototype_named(prototype)
    atoms, cell = sum(shape.counts.values()), len(shape.site_roles)
    units = {
        "kJ/mol of atoms": KJ_PER_MOL,
        "kJ/mol of formula units": KJ_PER_MOL * atoms,
        "kcal/mol of atoms": KJ_PER_MOL / 4.184,
        "meV/atom": 1000.0,
        "eV/formula unit": float(atoms),
        "eV/cell": float(cell),
    }
    unit = min(units, key=lambda name: abs(np.log(ratio / units[name])))
    return unit, units[unit]
