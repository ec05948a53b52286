from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.judges import CorrectedT
from cetransfer.evaluation.predictions import ensemble
from cetransfer.evaluation.scores import score
from cetransfer.evaluation.statistics import corrected_t, holm

#: label of four compounds, two per fold, and what two members of each strategy say
LABELS = {"LiBeO3": -1.0, "LiMgO3": -2.0, "NaBeO3": -3.0, "NaMgO3": -4.0}
FOLD = {"LiBeO3": 0, "LiMgO3": 0, "NaBeO3": 1, "NaMgO3": 1}
#: prediction minus label, for member 0 and 1
ERRORS = {
    "target_only": [(0.4, 0.2), (-0.4, -0.2), (0.5, 0.3), (0.1, 0.3)],
    "fine_tune": [(0.1, -0.1), (0.2, 0.0), (0.1, 0.1), (0.0, 0.2)],
    "zero_shot": [(1.0, 1.0), (1.0, 1.2), (0.9, 1.1), (1.3, 1.1)],
    "svr": [(0.2,), (-0.2,), (0.2,), (0.2,)],
    "mean": [(1.5,), (0.5,), (-0.5,), (-1.5,)],
    # svr on the first fold, mean on the second
    "best_baseline": [(0.2,), (-0.2,), (-0.5,), (-1.5,)],
}


def table(errors, part="cross_validation", repeat=0):
    rows = [
        {
            "strategy": name,
            "part": part,
            "repeat": repeat,
            "fold": FOLD[formula],
            "member": member,
            "row": list(LABELS).index(formula) + 1,
            "source": member,
            "target_seed": (member + FOLD[formula]) % 2,
            "compound": formula,
            "A": formula[:2],
            "B": formula[2:4],
            "formation_energy": LABELS[formula],
            "prediction": LABELS[formula] + error,
        }
        for name, per_compound in errors.items()
        for formula, per_member in zip(LABELS, per_compound, strict=True)
        for member, error in enumerate(per_member)
    ]
    return pd.DataFrame(rows).astype({"fold": "Int64"})


def scored(
    predictions, strategies=("target_only", "fine_tune", "zero_shot"), alpha=0.05, margin=0.0
):
    lines = score(
        predictions,
        list(strategies),
        ["svr", "mean", "best_baseline"],
        quantity="formation_energy",
        reference="target_only",
        judge=CorrectedT(1.0),
        part="cross_validation",
        alpha=alpha,
        margin=margin,
        seed=0,
    )
    return {line.name: line for part in lines for line in part}


def test_members_are_averaged_before_the_error_is_taken():
    combined = ensemble(table(ERRORS), "formation_energy")
    own = combined[combined["strategy"] == "fine_tune"]
    assert own["error"].tolist() == pytest.approx([0.0, 0.1, 0.1, 0.1])
    assert len(combined) == 6 * 4


def test_the_errors_of_a_strategy_by_hand():
    line = scored(table(ERRORS))["target_only"]
    # ensemble errors 0.3, -0.3, 0.4, 0.2
    assert line.mae == pytest.approx(0.3)
    assert line.mae_single == pytest.approx(2.4 / 8)
    assert line.rmse == pytest.approx(np.sqrt((0.09 + 0.09 + 0.16 + 0.04) / 4))
    # labels -1 to -4: sum of squares about the mean 5
    assert line.r2 == pytest.approx(1 - 0.38 / 5)
    assert line.mae_unseen is None
    assert line.mae_low <= line.mae <= line.mae_high


def test_a_single_net_is_worse_than_the_mean_of_nets_that_err_apart():
    line = scored(table(ERRORS))["fine_tune"]
    assert line.mae == pytest.approx(0.075)
    assert line.mae_single == pytest.approx(0.8 / 8)


def test_delta_is_against_target_only_and_negative_is_better():
    lines = scored(table(ERRORS))
    assert lines["fine_tune"].delta == pytest.approx(0.075 - 0.3)
    assert lines["zero_shot"].delta == pytest.approx(1.075 - 0.3)
    assert lines["svr"].delta == pytest.approx(0.2 - 0.3)
    assert lines["target_only"].delta == 0.0
    assert lines["target_only"].p_corrected is None
    assert lines["target_only"].verdict is None


def test_the_best_baseline_is_the_chosen_one_and_not_that_of_lowest_error():
    lines = scored(table(ERRORS))
    # mean absolute errors: 0.6 of the chosen ones, 0.2 of svr, 1.0 of mean
    assert lines["best_baseline"].delta_best_baseline == 0.0
    assert lines["svr"].delta_best_baseline == pytest.approx(-0.4)
    assert lines["mean"].delta_best_baseline == pytest.approx(0.4)
    assert lines["fine_tune"].delta_best_baseline == pytest.approx(0.075 - 0.6)


def test_the_p_against_the_best_baseline_comes_from_its_fold_scores():
    lines = scored(table(ERRORS))
    best = np.array([0.2, 1.0])
    own = {"target_only": [0.3, 0.3], "fine_tune": [0.05, 0.1], "zero_shot": [1.05, 1.1]}
    expected = holm([corrected_t(np.array(scores) - best, 1.0).p for scores in own.values()])
    assert [lines[name].p_best_baseline for name in own] == pytest.approx(expected)


def test_p_and_interval_come_from_the_fold_scores_of_the_ensemble():
    lines = scored(table(ERRORS))
    # mean absolute ensemble errors of fold 0 and fold 1
    reference = np.array([0.3, 0.3])
    tests = [
        corrected_t(np.array([0.05, 0.1]) - reference, 1.0),
        corrected_t(np.array([1.05, 1.1]) - reference, 1.0),
    ]
    expected = holm([test.p for test in tests])
    assert lines["fine_tune"].p_corrected == pytest.approx(expected[0])
    assert lines["zero_shot"].p_corrected == pytest.approx(expected[1])
    width = lines["fine_tune"].delta_high - lines["fine_tune"].delta_low
    assert width == pytest.approx(tests[0].high - tests[0].low)


def test_the_odds_come_from_the_fold_scores_of_the_ensemble():
    line = scored(table(ERRORS), margin=0.1)["fine_tune"]
    # fold differences -0.25 and -0.2; SE^2 = (1/2 + 1) * 0.00125; t with one degree of freedom
    # is Cauchy's distribution
    error = np.sqrt(1.5 * 0.00125)
    below = 0.5 + np.arctan((-0.1 + 0.225) / error) / np.pi
    above = 0.5 - np.arctan((0.1 + 0.225) / error) / np.pi
    assert line.p_better == pytest.approx(below)
    assert line.p_worse == pytest.approx(above)
    assert line.p_better + line.p_equivalent + line.p_worse == pytest.approx(1.0)


def test_only_strategies_that_are_compared_are_weighed():
    lines = scored(table(ERRORS))
    for name in ("target_only", "svr", "mean", "best_baseline"):
        assert lines[name].p_better is None
        assert lines[name].p_new_sources is None
        assert lines[name].variance is None


def test_a_latin_square_of_two_leaves_nothing_for_chance():
    # two folds by two members: target seeds fall into the residual, one degree of freedom is left
    line = scored(table(ERRORS))["fine_tune"]
    assert line.variance.target is None
    assert line.variance.source + line.variance.fold + line.variance.residual == pytest.approx(1.0)


def test_with_one_member_nothing_is_said_of_luck_with_sources():
    single = table(ERRORS)
    line = scored(single[single["member"] == 0])["fine_tune"]
    assert line.p_new_sources is None
    assert line.variance is None
    assert line.p_better is not None


def test_the_interval_by_elements_holds_the_error():
    line = scored(table(ERRORS))["mean"]
    assert line.mae_low_elements < line.mae < line.mae_high_elements


def test_compounds_of_the_same_elements_on_a_and_b_are_told_apart_by_their_formula():
    own = table(ERRORS).assign(A="Sr", B="Ti")
    assert scored(own)["target_only"].mae == pytest.approx(0.3)
    assert scored(own)["target_only"].mae_high > 0.3


def test_verdicts_follow_sign_and_p():
    lines = scored(table(ERRORS), alpha=0.9)
    assert lines["fine_tune"].verdict == "gain"
    assert lines["zero_shot"].verdict == "negative_transfer"
    assert {line.verdict for line in scored(table(ERRORS), alpha=1e-6).values()} == {
        None,
        "not_distinguishable",
    }


def test_baselines_are_judged_by_p_but_given_no_verdict():
    line = scored(table(ERRORS))["mean"]
    assert line.p_corrected is not None
    assert line.p_best_baseline is None
    assert line.verdict is None


def test_each_family_of_questions_is_corrected_on_its_own():
    lines = scored(table(ERRORS))
    # without a second strategy the first one's p is not multiplied, whatever the baselines ask
    alone = scored(table(ERRORS), strategies=("target_only", "fine_tune"))
    assert alone["fine_tune"].p_corrected <= lines["fine_tune"].p_corrected
    assert alone["mean"].p_corrected == lines["mean"].p_corrected


def test_rows_never_trained_on_are_scored_apart():
    unseen = {name: [(2.0,) * len(pair) for pair in pairs] for name, pairs in ERRORS.items()}
    both = pd.concat([table(ERRORS), table(unseen, "unseen").assign(fold=pd.NA)])
    both["fold"] = both["fold"].astype("Int64")
    lines, without = scored(both), scored(table(ERRORS))
    for name, line in lines.items():
        assert line.mae_unseen == pytest.approx(2.0)
        assert (line.mae, line.delta) == (without[name].mae, without[name].delta)


def test_with_repeats_the_error_of_a_compound_is_its_mean_over_repeats():
    doubled = {name: [tuple(2 * e for e in pair) for pair in own] for name, own in ERRORS.items()}
    both = pd.concat([table(ERRORS), table(doubled, repeat=1)])
    assert scored(both)["target_only"].mae == pytest.approx((0.3 + 0.6) / 2)


def test_the_interval_depends_on_the_seed_alone():
    first, second = scored(table(ERRORS)), scored(table(ERRORS))
    assert first == second
