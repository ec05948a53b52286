from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.evaluation.judges import CorrectedT
from cetransfer.evaluation.promotion import Paired, paired, scored_by, shared_folds
from cetransfer.evaluation.result import stage
from cetransfer.models.folder import read

JUDGE = CorrectedT(0.25)


def table(error, *, folds=5, repeats=1, shift=0.0, part="cross_validation"):
    """Return rows whose labels are the row numbers; `error` is that of each fold in turn."""
    rows = []
    for repeat in range(repeats):
        for fold in range(folds):
            for row in range(4 * fold, 4 * fold + 4):
                label = float(row) + shift
                own = error[fold % len(error)]
                rows.append((part, repeat, fold, row, f"c{row}", "A", "B", label, label + own, own))
    columns = [*("part", "repeat", "fold", "row", "compound", "A", "B", "energy")]
    return pd.DataFrame(rows, columns=[*columns, "prediction", "error"])


def test_the_test_is_that_of_the_folds_differences():
    own, other = [0.1, 0.2, 0.1, 0.3, 0.2], [0.3, 0.3, 0.4, 0.4, 0.4]
    found = paired(table(own), table(other), "energy", JUDGE, 0.05)
    # by hand: mean -0.18, s^2 = 0.007, SE^2 = (1/5 + 1/4) s^2, t = -3.207 with 4 degrees of freedom
    assert found.delta == pytest.approx(-0.18)
    assert found.p == pytest.approx(0.03268, abs=1e-5)
    assert found.high - found.delta == pytest.approx(2.7764 * 0.056125, abs=1e-4)
    assert found.better
    assert found.told()["folds"] == "5"
    assert found.told()["test"] == "corrected resampled t over 5 fold scores"


@pytest.mark.parametrize(
    ("delta", "p", "better"), [(-0.1, 0.04, True), (-0.1, 0.06, False), (0.1, 0.001, False)]
)
def test_better_is_lower_by_more_than_chance(delta, p, better):
    assert Paired(delta, delta - 1, delta + 1, p, 0.05, 10, "").better is better


def test_only_folds_of_equal_rows_and_labels_are_paired():
    own = table([0.1, 0.2], repeats=3)
    assert len(shared_folds(own, table([0.3], repeats=1), "energy")) == 5
    other = table([0.3])
    other.loc[other["fold"] == 2, "row"] += 100
    other.loc[other["fold"] == 3, "energy"] += 1e-3
    shared = shared_folds(own, other, "energy")
    assert shared == [("cross_validation", 0, fold) for fold in (0, 1, 4)]
    found = paired(own, other, "energy", JUDGE, 0.05)
    assert found.folds == 3
    assert found.delta == pytest.approx(np.mean([0.1, 0.2, 0.1]) - 0.3)


@pytest.mark.parametrize(
    "other",
    [
        table([0.3], shift=1.0),
        table([0.3], part="draw"),
        table([0.3]).rename(columns={"energy": "gap"}),
        table([0.3], folds=1),
    ],
)
def test_models_that_share_no_folds_cannot_be_tested(other):
    with pytest.raises(UserError, match=r"scored folds of equal rows and labels.*same dataset"):
        paired(table([0.1]), other, "energy", JUDGE, 0.05)


def test_scores_are_found_where_the_comparison_made_this_very_model(finished, tmp_path):
    folder = stage(finished, tmp_path / "staged")
    about = read(finished.models["fine_tune"])
    found = scored_by([tmp_path / "nowhere", folder], about)
    line = next(line for line in finished.strategies if line.name == "fine_tune")
    assert float(found["error"].abs().groupby(found["row"]).mean().mean()) == pytest.approx(
        line.mae
    )
    assert set(found["part"]) == {finished.part}
    assert scored_by([folder], {**about, "id": "0" * 16}) is None
    assert scored_by([], about) is None


def test_a_damaged_document_is_told(finished, tmp_path):
    folder = stage(finished, tmp_path / "staged")
    about = read(finished.models["fine_tune"])
    for content in ("{", json.dumps([])):
        (folder / "comparison.json").write_text(content)
        with pytest.raises(UserError, match=r"comparison\.json is damaged"):
            scored_by([folder], about)


def test_the_pairing_gives_what_the_comparison_found(finished, tmp_path):
    folder = stage(finished, tmp_path / "staged")
    scored = {
        name: scored_by([folder], read(finished.models[name]))
        for name in ("fine_tune", "target_only")
    }
    quantity = finished.document["quantity"]
    judge = CorrectedT(1.0 / (finished.document["protocol"]["folds"] - 1))
    found = paired(scored["fine_tune"], scored["target_only"], quantity, judge, 0.05)
    line = next(line for line in finished.strategies if line.name == "fine_tune")
    assert found.delta == pytest.approx(line.delta)
    assert (found.low, found.high) == pytest.approx((line.delta_low, line.delta_high))
