"""Labels, and whole elements, that stand out against a robust fit of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cetransfer.datasets.audit.additive import additive_effects
from cetransfer.datasets.audit.finding import Finding, rows_of, spread
from cetransfer.datasets.audit.prediction import neighbour_kernel, outlying

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cetransfer.datasets.audit.finding import Subject

LABEL_SCORE = 8.0
"""Robust standard deviations. Energies have heavy tails; a normal law would give 4 at most."""

LABEL_SIZE = 0.75
"""eV/atom. In li2023_spinel, EuNb2O4 is at 4.3 and NbEu2O4 at 1.8, the others below."""

ELEMENT_SCORE = 2.0
"""Robust standard deviations, on each of the two sites."""

ELEMENT_SIZE = 1.0
"""eV/atom, mean of both sites. Boron, unlike all its neighbours, reaches 0.9 in sound tables."""

EFFECT_NOISE = 0.1
"""Variance of an element's own effect in units of that of the smooth one."""

FEWEST = 20
"""Fewer rows, or fewer elements, leave nothing to judge by."""


def label_outlier(subject: Subject) -> tuple[list[Finding], NDArray[np.bool_]]:
    """Find labels that the labels of like compounds contradict, and mark them (n,)."""
    frame, energies = subject.frame, subject.energies
    if len(frame) < FEWEST:
        return [], np.zeros(len(frame), dtype=bool)
    out = np.zeros(len(frame), dtype=bool)
    residual, scores = np.zeros(len(frame)), np.zeros(len(frame))
    for group in frame.groupby("X", sort=False).indices.values():
        part = frame.iloc[group]
        out[group], residual[group], scores[group] = outlying(
            part["A"], part["B"], energies[group], score=LABEL_SCORE, size=LABEL_SIZE
        )
    if not out.any():
        return [], out
    rows = rows_of(frame, out, formation_energy=energies, residual=residual, score=scores)
    rows.sort(key=lambda row: -abs(row["residual"]))
    message = f"{out.sum()} labels contradict those of like compounds"
    evidence = {
        "score_limit": LABEL_SCORE,
        "size_limit": LABEL_SIZE,
        "spread_of_the_rest": spread(residual[~out]),
    }
    return [Finding("label_outlier", subject.name, message, rows, evidence)], out


def shifted_element(subject: Subject) -> list[Finding]:
    """Find elements whose compounds all lie off what their chemical neighbours let expect.

    The shift has to show on A and on B alike, as that of a wrong reference does.
    """
    frame = subject.frame
    effects = additive_effects(frame["A"], frame["B"], frame["formation_energy"])
    if min(len(effect) for effect in effects) < FEWEST:
        return []
    found: list[Finding] = []
    # one at a time, the worst first: a shifted element makes its neighbours look shifted as well
    while (worst := _worst(*effects)) is not None:
        name, shifts = worst
        holds = ((frame["A"] == name) | (frame["B"] == name)).to_numpy()
        mean = sum(shifts) / 2
        message = f"compounds of {name} lie {mean:+.2f} eV/atom off those of its neighbours"
        evidence = {
            "element": name,
            "shift_on_a": shifts[0],
            "shift_on_b": shifts[1],
            "size_limit": ELEMENT_SIZE,
        }
        rows = rows_of(frame, holds)
        found.append(Finding("shifted_element", subject.name, message, rows, evidence))
        effects = (effects[0].drop(name), effects[1].drop(name))
    return found


def _worst(on_a: pd.Series, on_b: pd.Series) -> tuple[str, tuple[float, float]] | None:
    """Return the element that is furthest off on both sites, with both shifts, if one is."""
    shift_a, shift_b = _against_neighbours(on_a), _against_neighbours(on_b)
    both = shift_a.index.intersection(shift_b.index)
    a, b = shift_a[both], shift_b[both]
    far = (a * b > 0) & (np.abs(a + b) / 2 > ELEMENT_SIZE)
    far &= np.abs(a) > ELEMENT_SCORE * spread(shift_a.to_numpy())
    far &= np.abs(b) > ELEMENT_SCORE * spread(shift_b.to_numpy())
    if not far.any():
        return None
    name = str(np.abs(a + b)[far].idxmax())
    return name, (float(a[name]), float(b[name]))


def _against_neighbours(effect: pd.Series) -> pd.Series:
    """Return each element's effect minus what the other elements let expect, eV/atom."""
    kernel = neighbour_kernel([str(name) for name in effect.index])
    precision = np.linalg.inv(kernel + EFFECT_NOISE * np.eye(len(effect)))
    centred = effect - effect.median()
    result: pd.Series = (precision @ centred.to_numpy()) / np.diag(precision) + 0 * effect
    return result
