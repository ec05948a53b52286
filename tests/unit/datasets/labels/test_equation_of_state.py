from __future__ import annotations

import numpy as np
import pytest

from cetransfer.datasets.labels.equation_of_state import EV_PER_CUBIC_ANGSTROM, fit_birch_murnaghan


def birch_murnaghan(volume, v0, e0, b0_gpa, slope):
    """Write E(V) as in the textbook, not as the polynomial that is fitted."""
    x = (v0 / volume) ** (2 / 3)
    factor = 9 * v0 * b0_gpa / EV_PER_CUBIC_ANGSTROM / 16
    return e0 + factor * ((x - 1) ** 3 * slope + (x - 1) ** 2 * (6 - 4 * x))


@pytest.mark.parametrize("slope", [2.0, 4.0, 6.5])
@pytest.mark.parametrize("shift", [0.94, 1.0, 1.05])
def test_known_curve_is_recovered(slope, shift):
    volumes = 60.0 * shift * np.linspace(0.9, 1.1, 9)
    state = fit_birch_murnaghan(volumes, birch_murnaghan(volumes, 60.0, -42.0, 170.0, slope))
    assert state.volume == pytest.approx(60.0, rel=1e-7)
    assert state.energy == pytest.approx(-42.0, abs=1e-9)
    assert state.bulk_modulus_gpa == pytest.approx(170.0, rel=1e-5)
    assert state.rms < 1e-9


def test_bulk_modulus_by_hand():
    # E = (V - 10)^2 / 2 has V E'' = 10 eV/A^3 at its minimum, which is 1602.18 GPa
    volumes = np.linspace(9.9, 10.1, 9)
    state = fit_birch_murnaghan(volumes, 0.5 * (volumes - 10.0) ** 2)
    assert state.bulk_modulus_gpa == pytest.approx(1602.18, rel=1e-3)


def test_curve_without_minimum_gives_no_number():
    volumes = np.linspace(50, 70, 9)
    state = fit_birch_murnaghan(volumes, -((volumes - 60.0) ** 2))
    inside = volumes[0] < state.volume < volumes[-1]
    assert not (inside and state.bulk_modulus_gpa > 0)


def test_noise_shows_in_the_residual():
    volumes = np.linspace(54, 66, 9)
    bumps = 0.01 * np.array([1, -1, 1, -1, 1, -1, 1, -1, 1])
    state = fit_birch_murnaghan(volumes, birch_murnaghan(volumes, 60.0, 0.0, 170.0, 4.0) + bumps)
    assert state.rms > 0.005
