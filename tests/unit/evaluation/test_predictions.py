from __future__ import annotations

import numpy as np
import pytest

from cetransfer.evaluation.baselines import BASELINES
from cetransfer.evaluation.predictions import baseline_predictions, member_predictions

KEYS = ["strategy", "part", "repeat", "fold", "member", "compound"]


def test_every_member_is_written_down_on_the_rows_it_is_scored_on(settings, make_case):
    case = make_case(settings)
    predicted = np.arange(len(case.members) * 40, dtype=np.float32).reshape(-1, 40)
    table = member_predictions("it", case, predicted, case.members)
    # 30 labelled rows in folds and 10 unseen ones, two members each
    assert len(table) == 2 * 30 + 2 * 10
    assert not table.duplicated(KEYS).any()
    formulas = case.target.data.frame["formula"]
    for number, member in enumerate(case.members):
        fold = member.split.fold
        own = table[table["fold"].isna() if fold is None else (table["fold"] == fold).fillna(False)]
        own = own[own["member"] == member.number]
        assert own["compound"].tolist() == formulas.iloc[member.split.test].tolist()
        assert own["prediction"].tolist() == predicted[number, member.split.test].tolist()
        assert own["formation_energy"].tolist() == case.target.labels[member.split.test].tolist()
        assert set(own["part"]) == {"unseen" if fold is None else "cross_validation"}


def test_every_baseline_predicts_every_scored_row_once(settings, make_case):
    case = make_case(settings)
    table = baseline_predictions(case, settings)
    assert set(table["strategy"]) == set(BASELINES)
    assert len(table) == len(BASELINES) * 40
    assert not table.duplicated(KEYS).any()


def test_the_mean_baseline_predicts_the_mean_of_its_training_rows(settings, make_case):
    case = make_case(settings)
    table = baseline_predictions(case, settings)
    for split in case.splits[:-1]:
        own = table[(table["strategy"] == "mean") & (table["fold"] == split.fold).fillna(False)]
        assert own["prediction"].to_numpy() == pytest.approx(case.target.labels[split.train].mean())


def test_baselines_repeat_themselves(settings, make_case):
    case = make_case(settings)
    first, second = baseline_predictions(case, settings), baseline_predictions(case, settings)
    assert first.equals(second)
