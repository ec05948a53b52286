"""Equation of state: the minimum and the curvature of energy against volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EV_PER_CUBIC_ANGSTROM = 160.2176634  # in GPa, exact since the SI of 2019


@dataclass(frozen=True)
class EquationOfState:
    """Minimum of a fitted E(V).

    Parameters
    ----------
    volume
        Volume at the minimum in cubic angstrom; NaN where the fit has no minimum.
    energy
        Energy at the minimum in eV.
    bulk_modulus_gpa
        V d2E/dV2 at the minimum in GPa.
    rms
        Root mean square residual of the fit in eV.
    """

    volume: float
    energy: float
    bulk_modulus_gpa: float
    rms: float


def fit_birch_murnaghan(
    volumes: NDArray[np.float64], energies: NDArray[np.float64]
) -> EquationOfState:
    """Fit the third-order Birch-Murnaghan equation of state.

    In x = V^(-2/3) it is a cubic polynomial (Birch, Phys. Rev. 71:809, 1947,
    doi 10.1103/PhysRev.71.809), so the fit is linear least squares.

    Parameters
    ----------
    volumes
        In cubic angstrom, (n,), n >= 5.
    energies
        Of the same cell in eV, (n,).
    """
    scale = float(np.mean(volumes)) ** (-2 / 3)
    x = volumes ** (-2 / 3) / scale  # near 1, so that the powers stay independent
    powers = np.vander(x, 4, increasing=True)
    (_, c1, c2, c3), *_ = coefficients, *_ = np.linalg.lstsq(powers, energies, rcond=None)
    rms = float(np.sqrt(np.mean((powers @ coefficients - energies) ** 2)))
    # dE/dx = c1 + 2 c2 x + 3 c3 x^2; the minimum is the root where the slope rises, written so
    # that nothing cancels when c3 is small
    square = c2 * c2 - 3 * c1 * c3
    if square <= 0 or (c2 <= 0 and c3 == 0):
        return EquationOfState(np.nan, np.nan, np.nan, rms)
    root = np.sqrt(square)
    best = -c1 / (c2 + root) if c2 > 0 else (root - c2) / (3 * c3)
    if best <= 0:
        return EquationOfState(np.nan, np.nan, np.nan, rms)
    volume = (best * scale) ** -1.5
    curvature = (2 * c2 + 6 * c3 * best) * (-2 / 3 * volume ** (-5 / 3) / scale) ** 2
    energy = float(np.polyval(coefficients[::-1], best))
    return EquationOfState(
        float(volume), energy, float(volume * curvature * EV_PER_CUBIC_ANGSTROM), rms
    )
