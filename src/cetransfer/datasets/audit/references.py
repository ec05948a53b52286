"""Wrong elemental references and misplaced energy columns, found from total energies.

Total minus formation energy is a sum of reference energies, one per element, weighted by its share
of the atoms. So over a grid it is a term of A plus a term of B, and the term of an element on A is
to that on B as their shares are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.audit.additive import additive_residual
from cetransfer.datasets.audit.finding import Finding, rows_of, spread
from cetransfer.structures.prototypes import prototype_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cetransfer.datasets.audit.finding import Subject

LIMIT = 0.05
"""eV/atom. In li2023_spinel all rows but six agree to 1e-7, those six are off by 5 to 9."""


def swapped_energies(subject: Subject) -> list[Finding]:
    """Find total and formation energies in each other's column: a total energy is the lower one."""
    total = subject.total_energies
    if total is None:
        return []
    higher = total > subject.energies
    if higher.mean() <= 1 / 2:
        return []
    message = "the columns of formation energy and total energy are swapped"
    evidence = {"total_above_formation": float(higher.mean())}
    return [Finding("swapped_columns", subject.name, message, evidence=evidence)]


def reference_error(
    subject: Subject, total: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
    """Return by how much formation energies are off what total energies (n,) give, in eV/atom.

    Returns
    -------
    tuple
        The errors (n,), which rows (n,) are beyond the limit, and that limit.
    """
    import pandas as pd

    frame = subject.frame
    difference = pd.Series(total - subject.energies, frame.index)
    error = -additive_residual(frame["A"], frame["B"], difference)
    limit = max(LIMIT, 10 * spread(error))
    return error, np.abs(error) > limit, limit


def wrong_reference(subject: Subject) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Find rows whose formation energy does not follow from their total energy, and mark them (n,).

    Also finds ``shifted_element``: an element whose reference on A contradicts the one on B.
    """
    frame, total = subject.frame, subject.total_energies
    nothing = np.zeros(len(frame), dtype=bool)
    if total is None:
        return [], nothing
    error, wrong, limit = reference_error(subject, total)
    findings = []
    if wrong.any():
        message = f"{wrong.sum()} formation energies rest on another elemental reference"
        rows = rows_of(
            frame,
            wrong,
            formation_energy=subject.energies,
            repaired=subject.energies - error,
            error=error,
        )
        evidence = {"limit": limit, "largest_of_the_others": float(np.abs(error[~wrong]).max())}
        findings.append(Finding("wrong_reference", subject.name, message, rows, evidence))
    return [*findings, *_shifted(subject, total - subject.energies, wrong)], wrong


def _shifted(
    subject: Subject, difference: NDArray[np.float64], wrong: NDArray[np.bool_]
) -> list[Finding]:
    """Compare the reference of each element as A and as B give it."""
    counts = prototype_named(subject.prototype).counts
    share_a, share_b = (counts[site] / sum(counts.values()) for site in ("A", "B"))
    frame = subject.frame[~wrong]
    elements = sorted(set(frame["A"]) & set(frame["B"]))
    named = sorted(set(frame["A"]) | set(frame["B"]))
    design = np.zeros((len(frame), 2 * len(named)))
    position = {name: i for i, name in enumerate(named)}
    row = np.arange(len(frame))
    design[row, [position[name] for name in frame["A"]]] = 1
    design[row, [len(named) + position[name] for name in frame["B"]]] = 1
    # the additive part is exact here, so least squares is as robust as it needs to be
    terms = np.linalg.lstsq(design, difference[~wrong], rcond=None)[0]
    chosen = [position[name] for name in elements]
    gap = terms[chosen] / share_a - terms[[len(named) + i for i in chosen]] / share_b
    gap -= np.median(gap)
    limit = max(LIMIT / min(share_a, share_b), 10 * spread(gap))
    found = []
    for i in np.flatnonzero(np.abs(gap) > limit):
        name = elements[i]
        both = ((subject.frame["A"] == name) | (subject.frame["B"] == name)).to_numpy()
        message = f"the reference of {name} on A contradicts the one on B by {gap[i]:+.2f} eV"
        evidence = {"element": name, "reference_gap": float(gap[i]), "limit": limit}
        found.append(
            Finding(
                "shifted_element", subject.name, message, rows_of(subject.frame, both), evidence
            )
        )
    return found
