from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.screening.suggestion.simulation.saved import labels_needed, labels_saved

SIZES = np.array([100.0, 200.0, 400.0])


def table_of(errors, sizes=(100, 200, 400)):
    """Make a table from method: errors (seeds, sizes)."""
    return pd.DataFrame(
        [
            (seed, method, labels, mae)
            for method, own in errors.items()
            for seed, row in enumerate(own)
            for labels, mae in zip(sizes, row, strict=False)
        ],
        columns=["seed", "method", "labels", "mae"],
    )


@pytest.mark.parametrize(
    ("error", "labels"),
    [
        (0.4, 100.0),
        (0.2, 200.0),
        (0.1, 400.0),
        # halfway between 0.2 and 0.1 in logarithms is halfway between 200 and 400
        (0.2 / np.sqrt(2.0), 200.0 * np.sqrt(2.0)),
        # beyond the ends
        (0.5, 100.0),
        (0.05, 400.0),
    ],
)
def test_labels_are_read_off_a_power_law(error, labels):
    assert labels_needed(np.array([0.4, 0.2, 0.1]), SIZES, error) == pytest.approx(labels)


def test_a_curve_that_rises_again_counts_by_its_lowest_error():
    assert labels_needed(np.array([0.4, 0.1, 0.3]), SIZES, 0.1) == pytest.approx(200.0)


def test_a_method_that_is_twice_as_fast_saves_as_many_labels_as_it_uses():
    random = np.array([0.4, 0.2, 0.1]) * np.array([[0.99], [1.0], [1.01]])
    # with 200 labels the error that chance has with 400
    better = random[:, [0, 2]]
    found = labels_saved(table_of({"random": random, "better": better}), np.random.default_rng(0))
    (saved,) = found
    assert (saved.method, saved.labels) == ("better", 200)
    assert saved.random_labels == pytest.approx(400.0)
    assert saved.saved == pytest.approx(200.0)
    assert saved.delta == pytest.approx(-0.1, abs=1e-3)
    assert saved.p_corrected < 0.001
    assert not saved.at_least
    assert saved.saved_low <= saved.saved <= saved.saved_high


def test_what_chance_never_reaches_is_said_to_be_more():
    random = np.array([[0.4, 0.2, 0.1], [0.41, 0.21, 0.11]])
    found = labels_saved(
        table_of({"random": random, "best": [[0.4, 0.01], [0.4, 0.01]]}), np.random.default_rng(0)
    )
    assert found[0].at_least
    assert found[0].random_labels == 400.0


def test_a_worse_method_saves_less_than_nothing():
    random = np.array([[0.4, 0.2, 0.1], [0.41, 0.2, 0.1]])
    (saved,) = labels_saved(
        table_of({"random": random, "worse": [[0.4, 0.3], [0.4, 0.32]]}), np.random.default_rng(0)
    )
    assert saved.saved < 0
    assert saved.delta > 0


def test_every_round_has_its_own_test_corrected_for_all_methods():
    random = np.array([[0.4, 0.2, 0.1], [0.41, 0.22, 0.1], [0.4, 0.21, 0.12]])
    found = labels_saved(
        table_of({"random": random, "a": random - 0.01, "b": random - 0.02}),
        np.random.default_rng(0),
    )
    assert [(one.method, one.labels) for one in found] == [
        *(("a", 200), ("a", 400)),
        *(("b", 200), ("b", 400)),
    ]
    assert all(one.p_corrected >= one.p for one in found)
