"""The whole audit: each table by itself, then both together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cetransfer.datasets.audit import pair, sites, table
from cetransfer.datasets.audit.outliers import label_outlier, shifted_element
from cetransfer.datasets.audit.references import swapped_energies, wrong_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cetransfer.datasets.audit.finding import Finding, Subject

    Check = Callable[[Subject], tuple[list[Finding], NDArray[np.bool_]]]


@dataclass(frozen=True)
class Audit:
    """What was found.

    Parameters
    ----------
    findings
        What makes labels wrong, or a transfer between the two tables misleading.
    facts
        What is good to know and no fault.
    """

    findings: list[Finding]
    facts: list[Finding]

    def document(self) -> dict[str, Any]:
        """Return both lists as JSON can say them."""
        return {
            "findings": [finding.document() for finding in self.findings],
            "facts": [fact.document() for fact in self.facts],
        }


def audit(source: Subject, target: Subject | None = None, truth: Subject | None = None) -> Audit:
    """Look for faults in one table or two.

    A row with a fault takes no part in the checks that come after it.

    Parameters
    ----------
    source, target
        The tables; without a target, the source is looked at alone.
    truth
        A table on true sites; it speaks only of tables of its own prototype.
    """
    findings: list[Finding] = []
    facts: list[Finding] = []
    sound = []
    for subject in (source, target):
        if subject is not None:
            found, known, rest = _alone(subject, truth)
            findings += found
            facts += known
            sound.append(rest)
    if target is not None:
        findings += pair.share(source, target)
        found, known = pair.compare_scales(*sound)
        findings += found
        facts += known
    return Audit(findings, facts)


def _alone(subject: Subject, truth: Subject | None) -> tuple[list[Finding], list[Finding], Subject]:
    """Return findings, facts and the rows without a fault of their own."""
    facts = [
        *table.equal_sites(subject),
        *table.not_checked(subject),
        *table.thin(subject),
        *pair.label_origin(subject),
    ]
    findings = [*table.unusable_row(subject), *sites.swapped_columns(subject)]
    if subject.paired:
        findings += sites.site_order(subject)
    rest = subject
    for first in (table.not_a_number, table.duplicates):
        found, rows = first(rest)
        findings += found
        rest = rest.without(rows)
    if rest.frame.empty:
        return findings, facts, rest
    exchanged = swapped_energies(rest)
    if exchanged:
        return [*findings, *exchanged], facts, rest.without(rest.energies == rest.energies)
    checks: tuple[Check, ...] = (
        partial(table.suspicious_unit, limit=table.UNIT_LIMIT),
        *((wrong_reference,) if subject.paired else ()),
        table.suspicious_unit,
        *((_site_check(truth), label_outlier) if subject.paired else ()),
    )
    for check in checks:
        found, rows = check(rest)
        findings += found
        rest = rest.without(rows)
        if rest.frame.empty:
            return findings, facts, rest
    if subject.paired and not any(finding.kind == "shifted_element" for finding in findings):
        findings += shifted_element(rest)
    return findings, facts, rest


def _site_check(truth: Subject | None) -> Check:
    """Return the check of A and B against a table on true sites; it takes no rows away."""

    def check(subject: Subject) -> tuple[list[Finding], NDArray[np.bool_]]:
        none = np.zeros(len(subject.frame), dtype=bool)
        if truth is None or subject.true_sites or truth.name == subject.name:
            return [], none
        same = truth.prototype == subject.prototype
        return sites.swapped_sites(subject, truth) if same else [], none

    return check
