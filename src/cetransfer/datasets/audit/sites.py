"""Whether A and B name the sites or merely the order of writing, and whether they are swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.audit.finding import Finding, rows_of
from cetransfer.datasets.formulas import elements_on_sites
from cetransfer.errors import UserError
from cetransfer.seeding import Purpose, generator
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.audit.finding import Subject
    from cetransfer.structures.prototypes import Prototype

MARGIN = 0.15
"""eV/atom: the swapped order has to fit within this, and better than the given one by this."""

ORDERED = 0.98
"""Share of the rows in one order, from which the order is no coincidence."""

FEWEST = 20
SEED = 0
ROUNDS = 10


def site_order(subject: Subject) -> list[Finding]:
    """Find out whether A and B are in the order of electronegativity or of the alphabet.

    Electronegativities after Pauling, from the open property table. Where A and B are true sites
    of a grid, about half the rows are in either order.
    """
    from cetransfer.features.tables import load_table

    table = load_table("open")
    position = table.columns.index("en_pauling")
    column = table.values[:, position]  # noqa: PD011 - a plain array, not a pandas table
    value = dict(zip(table.elements, column, strict=True))
    frame = subject.frame[(subject.frame["A"] != subject.frame["B"]).to_numpy()]
    if len(frame) < FEWEST or subject.true_sites:
        return []
    a, b = (frame[site].map(value).to_numpy(dtype=float) for site in ("A", "B"))
    found = []
    for kind, ordered in (
        ("electronegativity", a <= b),
        ("alphabet", (frame["A"] <= frame["B"]).to_numpy()),
    ):
        share = float(ordered.mean())
        if share >= ORDERED:
            message = (
                f"{ordered.sum()} of {len(frame)} rows have A and B in order of {kind}: "
                "that may be the order of writing, not the sites"
            )
            evidence = {"order": kind, "ordered": int(ordered.sum()), "of": len(frame)}
            rows = rows_of(frame, ordered)
            found.append(Finding("site_order", subject.name, message, rows, evidence))
    return found


def swapped_sites(subject: Subject, truth: Subject) -> list[Finding]:
    """Find rows whose label fits the other site order in a table with true sites.

    A constant offset between both tables is fitted first, on the better order of each row. The
    false rate is measured on labels made from `truth` with the errors seen here, in the right order
    and swapped on purpose.
    """
    frame = subject.frame
    known = _lookup(truth.frame)
    given = _energies(known, frame, ("A", "B", "X"))
    other = _energies(known, frame, ("B", "A", "X"))
    energies = subject.energies
    usable = ~np.isnan(given + other) & (frame["A"] != frame["B"]).to_numpy()
    if usable.sum() < FEWEST:
        return []
    offset = _offset(given[usable], other[usable], energies[usable])
    as_given, as_swapped = np.abs(given + offset - energies), np.abs(other + offset - energies)
    swapped = usable & _fits_swapped(as_given, as_swapped)
    if not swapped.any():
        return []
    errors = (energies - offset - given)[usable & ~swapped]
    evidence: dict[str, Any] = {
        "truth": truth.name,
        "swapped": int(swapped.sum()),
        "compared": int(usable.sum()),
        "offset": offset,
        "margin": MARGIN,
        **_rates(given[usable], other[usable], errors),
    }
    rows = rows_of(
        frame,
        swapped,
        formation_energy=energies,
        error_as_given=as_given,
        error_swapped=as_swapped,
    )
    if swapped.sum() > (usable & _fits_swapped(as_swapped, as_given)).sum():
        message = f"the columns A and B are swapped, says {truth.name}"
        return [Finding("swapped_columns", subject.name, message, rows, evidence)]
    message = (
        f"{swapped.sum()} of {usable.sum()} rows fit {truth.name} better with A and B swapped "
        f"(false rate {evidence['false_rate']:.1%}, found {evidence['found_rate']:.0%} of those "
        "swapped on purpose)"
    )
    return [Finding("swapped_sites", subject.name, message, rows, evidence)]


def swapped_columns(subject: Subject) -> list[Finding]:
    """Find formulas whose elements stand in the other column than the formula says."""
    frame = subject.frame
    prototype = prototype_named(subject.prototype)
    in_columns = frame[list(prototype.roles)].astype(str).itertuples(index=False, name=None)
    swapped = np.array(
        [
            _other_order(formula, elements, prototype)
            for formula, elements in zip(frame["formula"], in_columns, strict=True)
        ],
        dtype=bool,
    )
    if not swapped.any():
        return []
    columns = " and ".join(subject.cations)
    message = f"{swapped.sum()} rows have {columns} the other way round than their formula"
    return [Finding("swapped_columns", subject.name, message, rows_of(frame, swapped))]


def _other_order(formula: object, elements: tuple[str, ...], prototype: Prototype) -> bool:
    """Tell whether a formula has the same elements on other sites."""
    try:
        sites, _ = elements_on_sites(formula, prototype)
    except UserError:  # a formula that says nothing about sites is no fault of the columns
        return False
    written = tuple(sites[role] for role in prototype.roles)
    return written != elements and sorted(written) == sorted(elements)


def _lookup(frame: pd.DataFrame) -> dict[tuple[str, ...], float]:
    keys = frame[["A", "B", "X"]].itertuples(index=False, name=None)
    return dict(zip(keys, frame["formation_energy"].astype(float), strict=True))


def _energies(
    known: dict[tuple[str, ...], float], frame: pd.DataFrame, sites: tuple[str, ...]
) -> NDArray[np.float64]:
    keys = frame[list(sites)].itertuples(index=False, name=None)
    return np.array([known.get(key, np.nan) for key in keys])


def _offset(
    given: NDArray[np.float64], other: NDArray[np.float64], energies: NDArray[np.float64]
) -> float:
    """Return the median of label minus truth over the better order of each row, in a few turns."""
    offset = float(np.median(energies - given))
    for _ in range(ROUNDS):
        left = energies - offset
        better = np.where(np.abs(left - other) < np.abs(left - given), other, given)
        offset = float(np.median(energies - better))
    return offset


def _fits_swapped(given: NDArray[np.float64], swapped: NDArray[np.float64]) -> NDArray[np.bool_]:
    fits: NDArray[np.bool_] = (swapped < MARGIN) & (given - swapped >= MARGIN)
    return fits


def _rates(
    given: NDArray[np.float64], other: NDArray[np.float64], errors: NDArray[np.float64]
) -> dict[str, float]:
    """Return how often a right row is called swapped, and a swapped one found."""
    random = generator(SEED, Purpose.AUDIT)
    noise = random.choice(errors, (ROUNDS, len(given)))
    right = _fits_swapped(np.abs(noise), np.abs(given + noise - other))
    found = _fits_swapped(np.abs(other + noise - given), np.abs(noise))
    return {"false_rate": float(right.mean()), "found_rate": float(found.mean())}
