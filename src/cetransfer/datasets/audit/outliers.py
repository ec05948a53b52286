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

ELEMENT_SCORE = 4.0
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
    shift_a, shift_b = (_against_neighbours(effect) for effect in effects)
    both = shift_a.index.intersection(shift_b.index)
    mean = (shift_a[both] + shift_b[both]) / 2
    score = np.minimum(
        np.abs(shift_a[both]) / spread(shift_a.to_numpy()),
        np.abs(shift_b[both]) / spread(shift_b.to_numpy()),
    )
    chosen = (np.abs(mean) > ELEMENT_SIZE) & (shift_a[both] * shift_b[both] > 0)
    chosen &= score > ELEMENT_SCORE / 2
    found = []
    for name in both[chosen]:
        holds = ((frame["A"] == name) | (frame["B"] == name)).to_numpy()
        evidence = {
            "element": name,
            "shift_on_a": float(shift_a[name]),
            "shift_on_b": float(shift_b[name]),
            "size_limit": ELEMENT_SIZE,
        }
        message = f"compounds of {name} lie {mean[name]:+.2f} eV/atom off those of its neighbours"
        found.append(
            Finding("shifted_element", subject.name, message, rows_of(frame, holds), evidence)
        )
    return found


def _against_neighbours(effect: pd.Series) -> pd.Series:
    """Return each element's effect minus what the other elements let expect, eV/atom."""
    kernel = neighbour_kernel([str(name) for name in effect.index])
    precision = np.linalg.inv(kernel + EFFECT_NOISE * np.eye(len(effect)))
    centred = effect - effect.median()
    result: pd.Series = (precision @ centred.to_numpy()) / np.diag(precision) + 0 * effect
    return result
