"""What the configuration says is to be done about faults of a data set; each act leaves a note.

Nothing is done unasked, but for the suspects of a published table that `exclude_suspects` names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets import catalogue
from cetransfer.datasets.audit.additive import suspect_rows
from cetransfer.datasets.audit.finding import counted, subject_of
from cetransfer.datasets.audit.references import reference_error
from cetransfer.datasets.audit.run import audit
from cetransfer.datasets.audit.sites import swapped_sites
from cetransfer.datasets.dataset import FORMATION_ENERGY, SITES
from cetransfer.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.dataset import Dataset
    from cetransfer.settings import DatasetSettings

ROW_KINDS = (
    "equal_sites",
    "label_outlier",
    "shifted_element",
    "suspicious_unit",
    "wrong_reference",
)
"""Kinds of audit findings that name rows of a single table, for ``dataset.exclude``."""

AS_GIVEN = "as_given"
BOTH = "both"
"""Values of ``dataset.site_order`` that change no table; any other is a data set's name."""


def treated(
    data: Dataset, settings: DatasetSettings, root: Path, *, suspects: bool, target: bool
) -> Dataset:
    """Return a data set after all that the configuration asks for.

    Parameters
    ----------
    data
        As it was read.
    settings
        Keys ``repair``, ``exclude_suspects``, ``site_order`` and ``exclude``, in this order.
    root
        The project's folder.
    suspects
        Whether ``exclude_suspects`` is about this data set.
    target
        Whether it is the target: ``site_order`` is about the target alone.

    Raises
    ------
    UserError
        If a key has no possible value, or no row is left.
    """
    _check_kinds(settings.exclude)
    if settings.repair:
        data = repaired(data)
    if suspects:
        data = screened(data, exclude=settings.exclude_suspects)
    if target and settings.site_order not in {AS_GIVEN, BOTH}:
        data = on_true_sites(data, settings.site_order, root)
    if settings.exclude:
        data = without(data, settings.exclude, target=target)
    return data


def repaired(data: Dataset) -> Dataset:
    """Recompute formation energies with a wrong elemental reference from their total energies.

    The right reference is the one that the other rows of the same elements agree on.
    """
    subject = subject_of(data, true_sites=True) if _has_energies(data) else None
    total = None if subject is None else subject.total_energies
    if subject is None or total is None:
        return data.noted(
            f"{data.name}: nothing repaired (dataset.repair=true): "
            "there are no formation energies with total energies beside them"
        )
    error, wrong, _ = reference_error(subject, total)
    if not wrong.any():
        return data.noted(f"{data.name}: no row needs a repair (dataset.repair=true)")
    old, new = data.labels, data.labels - np.where(wrong, error, 0.0)
    told = ", ".join(
        f"{data.frame['formula'].iloc[i]} {old[i]:+.4f} to {new[i]:+.4f}"
        for i in np.flatnonzero(wrong)
    )
    frame = data.frame.assign(**{FORMATION_ENERGY: new})
    return replace(data, frame=frame).noted(
        f"{data.name}: {_rows(wrong)} recomputed from total energies, eV/atom "
        f"(dataset.repair=true): {told}"
    )


def screened(data: Dataset, *, exclude: bool) -> Dataset:
    """Leave out, or at least name, the rows of a published table that contradict the others."""
    reasons = suspect_rows(data.frame)
    suspect = np.any(list(reasons.values()), axis=0)
    if not suspect.any():
        return data
    listed = "; ".join(
        f"{reason}: {_formulas(data, marked)}" for reason, marked in reasons.items() if marked.any()
    )
    fate = "left out" if exclude else "kept"
    note = (
        f"{data.name}: {_rows(suspect, 'suspect row')} {fate}: {listed} "
        f"(dataset.exclude_suspects={str(exclude).lower()})"
    )
    return (data.keep(~suspect) if exclude else data).noted(note)


def without(data: Dataset, kinds: Iterable[str], *, target: bool) -> Dataset:
    """Leave out the rows that an audit of the table finds, kind by kind.

    Raises
    ------
    UserError
        If no row is left.
    """
    if not _has_energies(data):
        return data.noted(
            f"{data.name}: nothing left out (dataset.exclude): "
            "it has no formation energies on sites A, B and X to look at"
        )
    found = audit(subject_of(data, true_sites=True))
    gone = np.zeros(len(data.frame), dtype=bool)
    for kind in kinds:
        marked = np.zeros(len(gone), dtype=bool)
        for finding in (*found.findings, *found.facts):
            if finding.kind == kind:
                marked[[row["row"] - 1 for row in finding.rows]] = True
        names = f": {_formulas(data, marked)}" if marked.any() else ""
        where = "target " if target else ""
        note = f"{data.name}: {_rows(marked, f'{where}row')} left out (dataset.exclude={kind})"
        data = data.noted(f"{note}{names}")
        gone |= marked
    if gone.all():
        raise UserError(
            f"dataset.exclude=[{','.join(kinds)}] leaves no row of {data.name}; give fewer kinds"
        )
    if target and gone.any():
        data = data.noted(
            f"{data.name}: these target rows were chosen by looking at their labels, rows that "
            "would have been scored included: all errors speak of the remaining rows only"
        )
    return data.keep(~gone)


def on_true_sites(data: Dataset, name: str, root: Path) -> Dataset:
    """Exchange A and B of the rows that fit a table on true sites better that way.

    Raises
    ------
    UserError
        If there is no such table, or it says nothing about this one.
    """
    key = f"dataset.site_order={name}"
    entries = {each: catalogue.entry(each) for each in catalogue.names()}
    if data.name in entries and entries[data.name].true_sites:
        raise UserError(f"{key}: {data.name} is on true sites already; give {AS_GIVEN}")
    if not _has_energies(data):
        raise UserError(
            f"{key} compares formation energies on sites A, B and X; "
            f"{data.name} has {data.quantity} of {data.prototype}s; give {AS_GIVEN}"
        )
    known = [
        each
        for each, entry in entries.items()
        if entry.true_sites and entry.prototype == data.prototype and not entry.use
    ]
    if name not in known:
        possible = (AS_GIVEN, BOTH, *known)
        hint = nearest(name, possible, f"choose from {', '.join(possible)}")
        raise UserError(f"{key} is no data set with {data.prototype}s on true sites; {hint}")
    truth = catalogue.load(name, root=root)
    found = swapped_sites(subject_of(data, true_sites=False), subject_of(truth, true_sites=True))
    swapped = np.zeros(len(data.frame), dtype=bool)
    for finding in found:
        swapped[[row["row"] - 1 for row in finding.rows]] = True
    taken = _swapped(data, swapped).duplicated(list(SITES), keep=False).to_numpy() & swapped
    swapped &= ~taken
    kept = f"; {_rows(taken)} kept, as the table has the other order too" if taken.any() else ""
    note = (
        f"{data.name}: A and B exchanged in {_rows(swapped)} that fit {name} better that way "
        f"({key}), chosen by looking at their labels, scored ones included{kept}"
    )
    hashes = {**data.hashes, **truth.hashes}
    return replace(data, frame=_swapped(data, swapped), hashes=hashes).noted(note)


def _swapped(data: Dataset, rows: NDArray[np.bool_]) -> pd.DataFrame:
    frame = data.frame.copy()
    frame.loc[rows, ["A", "B"]] = data.frame.loc[rows, ["B", "A"]].to_numpy()
    return frame


def _has_energies(data: Dataset) -> bool:
    """Tell whether the checks of the audit can read a data set."""
    return (
        data.quantity == FORMATION_ENERGY
        and data.structures is None
        and set(data.roles) == set(SITES)
    )


def _check_kinds(kinds: list[str]) -> None:
    for kind in kinds:
        if kind not in ROW_KINDS:
            hint = nearest(kind, ROW_KINDS, f"choose from {', '.join(ROW_KINDS)}")
            raise UserError(
                f"dataset.exclude: {kind!r} is no kind of finding that names rows; {hint}"
            )


def _formulas(data: Dataset, rows: NDArray[np.bool_]) -> str:
    return ", ".join(data.frame["formula"][rows])


def _rows(rows: NDArray[np.bool_], word: str = "row") -> str:
    return counted(int(rows.sum()), word)
