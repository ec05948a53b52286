"""How two tables relate: energy scales, what they share, what the labels of both rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.audit.finding import Finding, rows_of, spread
from cetransfer.datasets.rests_on import rests_on

if TYPE_CHECKING:
    import pandas as pd

    from cetransfer.datasets.audit.finding import Subject

OFFSET = 0.05
"""eV/atom: a smaller offset is no matter, and no finding."""

SIGMAS = 3
"""Standard errors from which an offset is more than chance."""

FEWEST = 5
"""Fewer shared rows give no offset, nor one of an element."""

RIDGE = 1.0
"""Pulls the offset of an element with few rows towards zero; one row's weight."""

SHIFT = 1.0
SHIFT_SCORE = 6.0
"""eV/atom and robust standard deviations from which an element is shifted in one of the tables."""


def share(source: Subject, target: Subject) -> list[Finding]:
    """Find what source and target have in common, and elements of one only."""
    name = f"{source.name} -> {target.name}"
    return [
        *_shared(name, source, target, _pairs(source, target)),
        *_one_sided(name, source, target),
        *_label_origin(name, source, target),
    ]


def compare_scales(source: Subject, target: Subject) -> tuple[list[Finding], list[Finding]]:
    """Return findings and facts about the energies of the rows that both have.

    To be called with rows that have no fault of their own.
    """
    name = f"{source.name} -> {target.name}"
    pairs = _pairs(source, target)
    if len(pairs) < FEWEST:
        return [], []
    cations = target.cations
    offset, matters = _offset(name, pairs, cations, same=source.prototype == target.prototype)
    shifted = _shifted(name, pairs, cations, offset)
    return ([offset, *shifted], []) if matters else (shifted, [offset])


def _pairs(source: Subject, target: Subject) -> pd.DataFrame:
    """Return the target rows whose elements the source has on the same sites, and both energies.

    None where the sites of one prototype are not those of the other.
    """
    sites = list(target.roles)
    same = source.frame if source.roles == target.roles else target.frame[:0]
    known = same[[*sites, "formation_energy"]].drop_duplicates(sites)
    rows = target.frame[["formula", *sites, "formation_energy"]].reset_index(names="row")
    pairs = rows.merge(known, on=sites, suffixes=("", "_source"))
    return pairs.set_index("row")


def label_origin(subject: Subject) -> list[Finding]:
    """Say what the labels of a table rest on, where that is more than one thing."""
    evidence = {"rests_on": list(subject.rests_on)}
    return [
        Finding("label_origin", subject.name, line, evidence=evidence)
        for line in rests_on(subject.name, subject.rests_on)
    ]


def _shared(name: str, source: Subject, target: Subject, pairs: pd.DataFrame) -> list[Finding]:
    if pairs.empty:
        return []
    rows = rows_of(pairs, np.ones(len(pairs), dtype=bool))
    of = {"shared": len(pairs), "source": len(source.frame), "target": len(target.frame)}
    kind = _words(target.cations)
    if source.prototype == target.prototype:
        message = f"{len(pairs)} of {len(target.frame)} target compounds are in the source"
        return [
            Finding("shared_compounds", name, message, rows, of),
            Finding("shared_pairs", name, message.replace("compounds", kind), rows, of),
        ]
    message = f"{len(pairs)} of {len(target.frame)} target {kind} are in the source"
    return [Finding("shared_pairs", name, message, rows, of)]


def _one_sided(name: str, source: Subject, target: Subject) -> list[Finding]:
    ours, theirs = (set(each.frame[each.cations].to_numpy().ravel()) for each in (source, target))
    if ours == theirs:
        return []
    only = {"source_only": sorted(ours - theirs), "target_only": sorted(theirs - ours)}
    new = target.frame[target.cations].isin(only["target_only"]).any(axis=1).to_numpy()
    message = (
        f"elements only in the source: {', '.join(only['source_only']) or 'none'}; "
        f"only in the target: {', '.join(only['target_only']) or 'none'}"
    )
    return [Finding("one_sided_elements", name, message, rows_of(target.frame, new), dict(only))]


def _label_origin(name: str, source: Subject, target: Subject) -> list[Finding]:
    common = [origin for origin in source.rests_on if origin in target.rests_on]
    if not common:
        return []
    message = (
        f"labels of both rest on {' and '.join(common)}: what the source tells of the target is "
        "not independent of it"
    )
    evidence = {"source": list(source.rests_on), "target": list(target.rests_on), "common": common}
    return [Finding("label_origin", name, message, evidence=evidence)]


def _words(cations: list[str]) -> str:
    """Name the elements on the cation sites together: ``(A, B) pairs``."""
    return f"({', '.join(cations)}) {'pairs' if len(cations) == 2 else 'sets'}"  # noqa: PLR2004


def _offset(
    name: str, pairs: pd.DataFrame, cations: list[str], *, same: bool
) -> tuple[Finding, bool]:
    """Fit target minus source as a constant, and as that plus one offset an element."""
    gap = _gap(pairs)
    constant, error = float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(len(gap)))
    elements = sorted(set(pairs[cations].to_numpy().ravel()))
    design = np.stack([(pairs[cations] == e).sum(axis=1).to_numpy(float) for e in elements], axis=1)
    covariance = np.linalg.inv(design.T @ design + RIDGE * np.eye(len(elements)))
    fitted = covariance @ design.T @ (gap - constant)
    left = gap - constant - design @ fitted
    noise = float(np.sqrt((left**2).sum() / max(len(gap) - len(elements), 1)))
    errors = noise * np.sqrt(np.diag(covariance))
    count = design.sum(axis=0)
    basis = "compounds" if same else f"{_words(cations)} of two prototypes"
    evidence = {
        "basis": basis,
        "constant": constant,
        "standard_error": error,
        "spread": float(gap.std(ddof=1)),
        "median": float(np.median(gap)),
        "shared": len(gap),
        "per_element": {
            element: {
                "offset": float(fitted[i]),
                "standard_error": float(errors[i]),
                "rows": int(count[i]),
            }
            for i, element in enumerate(elements)
            if count[i] >= FEWEST
        },
        "spread_after_elements": noise,
    }
    message = (
        f"target minus source is {constant:+.3f} +- {error:.3f} eV/atom on {len(gap)} shared "
        f"{basis} (spread {evidence['spread']:.3f})"
    )
    if not same:
        message += "; it holds the difference of the structures too"
    matters = abs(constant) > max(OFFSET, SIGMAS * error)
    return Finding("energy_offset", name, message, evidence=evidence), matters


def _shifted(name: str, pairs: pd.DataFrame, cations: list[str], offset: Finding) -> list[Finding]:
    """Find elements whose compounds are off between both tables by far more than the others'."""
    elements = offset.evidence["per_element"]
    offsets = np.array([each["offset"] for each in elements.values()])
    if len(offsets) < FEWEST:
        return []
    limit = max(SHIFT, SHIFT_SCORE * spread(offsets))
    found = []
    for element, value in zip(elements, offsets - np.median(offsets), strict=True):
        if abs(value) > limit:
            holds = (pairs[cations] == element).any(axis=1).to_numpy()
            evidence = {"element": element, "offset": float(value), "limit": limit}
            message = f"compounds of {element} are shifted by {value:+.2f} eV/atom"
            found.append(Finding("shifted_element", name, message, rows_of(pairs, holds), evidence))
    return found


def _gap(pairs: pd.DataFrame) -> np.ndarray:
    """Return target minus source (n,), eV/atom."""
    gap: np.ndarray = (
        pairs["formation_energy"].astype(float) - pairs["formation_energy_source"].astype(float)
    ).to_numpy()
    return gap
