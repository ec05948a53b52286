from __future__ import annotations

import jsonschema
import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.comparison import compare
from cetransfer.evaluation.contrast import contrast_of
from cetransfer.evaluation.documents import schema_of
from cetransfer.evaluation.judges import CorrectedT
from cetransfer.evaluation.statistics import corrected_t

#: prediction minus label of three rows in fold 0, three in fold 1 and two in fold 2
ERRORS = {
    "fine_tune": [0.1, -0.1, 0.1, 0.2, 0.2, -0.2, 0.1, 0.3],
    "best_baseline": [0.3, 0.5, -0.1, 0.4, -0.4, 0.4, 0.5, 0.3],
}
FOLDS = [0, 0, 0, 1, 1, 1, 2, 2]


def table(part="cross_validation", scale=1.0):
    rows = [
        {
            "strategy": name,
            "part": part,
            "repeat": 0,
            "fold": fold,
            "row": row,
            "compound": f"row {row}",
            "A": "Sr",
            "B": "Ti",
            "label": -1.0,
            "prediction": -1.0 + scale * error,
        }
        for name, errors in ERRORS.items()
        for row, (fold, error) in enumerate(zip(FOLDS, errors, strict=True))
    ]
    return pd.DataFrame(rows).astype({"fold": "Int64"})


def found(predictions):
    return contrast_of(
        predictions,
        "fine_tune",
        quantity="label",
        judge=CorrectedT(0.5),
        part="cross_validation",
    )


def test_the_contrast_by_hand():
    contrast = found(table())
    assert (contrast.strategy, contrast.against) == ("fine_tune", "best_baseline")
    # over all eight rows, where folds are of unequal size: 1.3 / 8 and 2.9 / 8
    assert contrast.delta == pytest.approx((1.3 - 2.9) / 8)
    by_fold = np.array([0.1 - 0.3, 0.2 - 0.4, 0.2 - 0.4])
    test = corrected_t(by_fold, 0.5)
    assert contrast.p == pytest.approx(test.p)
    assert contrast.delta_low - contrast.delta == pytest.approx(test.low - test.mean)
    assert contrast.delta_high - contrast.delta == pytest.approx(test.high - test.mean)


def test_other_parts_play_no_role():
    both = pd.concat([table(), table("size_25", 7.0)], ignore_index=True)
    assert found(both) == found(table())


@pytest.mark.usefixtures("mean_only")
def test_its_p_is_that_of_one_question_however_many_strategies_there_are(
    settings, make_case, tmp_path
):
    settings.protocol.contrast = "fine_tune"
    case = make_case(settings)
    result = compare(settings, case, tmp_path, tmp_path / "partial")
    jsonschema.validate(result.document, schema_of("comparison"))
    told = result.document["contrast"]
    (line,) = [line for line in result.strategies if line.name == "fine_tune"]
    (best,) = [line for line in result.baselines if line.name == "best_baseline"]
    assert told["strategy"] == "fine_tune"
    assert told["delta"] == pytest.approx(line.mae - best.mae) == line.delta_best_baseline
    assert told["delta_low"] < told["delta"] < told["delta_high"]
    # the one of the lowest p of five is multiplied by five, which the contrast is not
    contrasts = [
        contrast_of(
            result.predictions,
            each.name,
            quantity="formation_energy",
            judge=case.layout.judge,
            part=result.part,
        )
        for each in result.strategies
    ]
    lowest = min(range(5), key=lambda place: contrasts[place].p)
    corrected = result.strategies[lowest].p_best_baseline
    assert corrected == pytest.approx(min(1.0, 5 * contrasts[lowest].p))
    assert result.document["protocol"]["contrast"] == "fine_tune"


@pytest.mark.usefixtures("mean_only")
@pytest.mark.parametrize(
    "overrides",
    [
        ("protocol=by_a", "protocol.folds=3", "dataset.n_labelled=30"),
        ("protocol=draws", "dataset.n_labelled=6"),
        ("protocol=learning_curve", "protocol.sizes=[4,8]", "protocol.folds=5"),
    ],
    ids=["by_a", "draws", "curve"],
)
def test_every_protocol_answers_with_its_own_test(compose, make_case, tmp_path, overrides):
    settings = compose(
        "network.hidden=[8,4]",
        "protocol.members=2",
        "training.epochs=2",
        "training.source.epochs=2",
        "strategy=[target_only,fine_tune]",
        "protocol.contrast=target_only",
        *overrides,
    )
    result = compare(settings, make_case(settings), tmp_path, tmp_path / "partial")
    told = result.document["contrast"]
    assert 0.0 <= told["p"] <= 1.0
    line = result.strategies[0]
    assert told["delta"] == pytest.approx(line.delta_best_baseline)
    # the smaller of two p is doubled, the larger is not smaller than that
    assert told["p"] <= line.p_best_baseline
