from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.audit.additive import additive_residual, suspect_rows


def grid(n=8, seed=0):
    """Make a grid of total energies and formation energies with one reference per element."""
    rng = np.random.default_rng(seed)
    names = [f"E{i}" for i in range(n)]
    reference, site_a, site_b = rng.normal(size=(3, n))
    i, j = np.divmod(np.arange(n * n), n)
    formation = site_a[i] + site_b[j] + 0.1 * rng.normal(size=n * n)
    return pd.DataFrame(
        {
            "A": np.array(names)[i],
            "B": np.array(names)[j],
            "formation_energy": formation,
            "total_energy_per_atom": formation + (reference[i] + 2 * reference[j]) / 7,
        }
    )


def test_an_additive_table_leaves_nothing_even_with_holes():
    table = grid().drop(index=[3, 17, 40])
    difference = table["total_energy_per_atom"] - table["formation_energy"]
    assert np.abs(additive_residual(table["A"], table["B"], difference)).max() < 1e-9


def test_a_wrong_value_keeps_its_whole_error():
    table = grid()
    difference = table["total_energy_per_atom"] - table["formation_energy"]
    difference[5] += 2.0
    residual = additive_residual(table["A"], table["B"], difference)
    assert residual[5] == pytest.approx(2.0)
    assert np.abs(np.delete(residual, 5)).max() < 1e-9


def test_a_wrong_reference_and_a_wrong_label_are_told_apart():
    table = grid()
    table.loc[9, "formation_energy"] += 6.0  # the total energy stays: a wrong reference
    table.loc[20, ["formation_energy", "total_energy_per_atom"]] += 4.0
    found = suspect_rows(table)
    assert {reason: np.flatnonzero(rows).tolist() for reason, rows in found.items()} == {
        "wrong elemental reference": [9],
        "formation energy out of line": [20],
    }


def test_a_sound_grid_has_no_suspects():
    assert not any(rows.any() for rows in suspect_rows(grid()).values())
