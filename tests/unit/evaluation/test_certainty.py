"""How sure a difference is, where source nets are more or fewer than members."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.certainty import certainties, effective_number
from cetransfer.evaluation.judges import Pair
from cetransfer.evaluation.splits import Split, make_members


def predictions_of(members, source_nets, folds=10):
    """Return a table of two strategies whose second one carries luck with its source nets."""
    random = np.random.default_rng(0)
    luck = random.normal(0.0, 0.05, 20)
    splits = [
        Split(0, fold, np.arange(3), np.arange(fold * 4, fold * 4 + 4)) for fold in range(folds)
    ]
    rows = [
        {
            "strategy": name,
            "repeat": 0,
            "fold": net.split.fold,
            "member": net.number,
            "source": net.source,
            "target_seed": net.target_seed,
            "row": int(row),
            "label": 0.0,
            "prediction": base + luck[net.source] * (name == "fine_tune") + random.normal(0, 0.002),
        }
        for net in make_members(splits, members, source_nets)
        for row in net.split.test
        for name, base in (("target_only", 0.3), ("fine_tune", 0.25))
    ]
    return pd.DataFrame(rows).astype({"fold": "Int64"})


def certainty_of(table):
    error = table.groupby(["strategy", "fold", "row"])["prediction"].mean().abs()
    by_fold = error.groupby(["strategy", "fold"]).mean()
    differences = (by_fold["fine_tune"] - by_fold["target_only"]).to_numpy(np.float64)
    found = certainties(
        table,
        {"fine_tune": Pair(differences, 1 / 9)},
        quantity="label",
        reference="target_only",
        margin=0.005,
    )
    return found["fine_tune"]


def test_with_one_source_net_nothing_is_said_of_others():
    sure = certainty_of(predictions_of(5, 1))
    assert sure.p_new_sources is None
    assert sure.variance is None
    assert sure.odds.better > 0.9


@pytest.mark.parametrize(("members", "source_nets"), [(5, 2), (5, 3), (5, 5), (5, 10), (2, 6)])
def test_luck_with_the_source_is_found_whatever_their_number(members, source_nets):
    sure = certainty_of(predictions_of(members, source_nets))
    assert sure.variance.source > 0.9
    # the fold scores hardly differ; what is unsure is the luck of the source nets
    assert sure.p_new_sources > 1e-6


def test_nets_that_serve_equally_often_count_as_they_are():
    assert effective_number(pd.Series([0, 1, 2, 0, 1, 2])) == 3.0
    assert effective_number(pd.Series([4, 4])) == 1.0


def test_a_net_that_serves_more_often_counts_for_less_than_its_number():
    # shares 3/5 and 2/5: 1 / (9/25 + 4/25)
    assert effective_number(pd.Series([0, 1, 0, 1, 0])) == pytest.approx(25 / 13)
