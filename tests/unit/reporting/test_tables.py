from __future__ import annotations

import dataclasses
import re

import pytest

from cetransfer.evaluation.contrast import Contrast
from cetransfer.reporting.tables import contrast_sentence, sentence, show_comparison, show_plans
from cetransfer.transfer.strategy import make_strategies


def with_best(finished, **changes):
    """Return the comparison with a best strategy of your making."""
    best = dataclasses.replace(finished.strategies[2], mae=0.0123, **changes)
    others = [line for line in finished.strategies if line.name != "fine_tune"]
    return dataclasses.replace(finished, strategies=[*others, best])


JUDGED = {"delta": -0.05, "delta_low": -0.07, "delta_high": -0.03}


def test_a_gain_is_told_with_its_size_interval_and_p(finished):
    told = sentence(with_best(finished, verdict="gain", p_corrected=0.0123, **JUDGED))
    assert told == (
        "Lowest error: fine_tune, 0.0123 eV/atom, -0.0500 against target_only. The gain is more "
        "than chance (95 %: -0.0700 to -0.0300, corrected p = 0.0123)."
    )


def test_a_difference_that_may_be_chance_is_called_so(finished):
    told = sentence(with_best(finished, verdict="not_distinguishable", p_corrected=0.4, **JUDGED))
    assert "not distinguishable from chance" in told
    assert "p = 0.4000" in told


def test_a_real_loss_is_not_called_a_gain(finished):
    told = sentence(with_best(finished, verdict="negative_transfer", p_corrected=0.01, **JUDGED))
    assert "The gain" not in told
    assert "more than chance" in told


def test_a_tiny_p_is_not_given_as_an_equation(finished):
    told = sentence(with_best(finished, verdict="gain", p_corrected=1e-7, **JUDGED))
    assert "p < 0.0001" in told
    assert "= <" not in told


def test_where_target_only_is_best_no_transfer_helped(finished):
    reference = dataclasses.replace(finished.strategies[0], mae=0.001)
    best = dataclasses.replace(finished, strategies=[reference, *finished.strategies[1:]])
    assert sentence(best) == ("Lowest error: target_only, 0.0010 eV/atom. No transfer did better.")


def test_a_baseline_that_does_better_than_all_strategies_is_named(finished):
    lowest = dataclasses.replace(finished.baselines[0], mae=0.0005)
    other = dataclasses.replace(finished, baselines=[lowest, *finished.baselines[1:]])
    told = sentence(with_best(other, verdict="gain", p_corrected=0.01, **JUDGED))
    assert told.endswith(
        "The baseline svr does better than all strategies, 0.0005 eV/atom, without any source."
    )


CONTRAST = Contrast("fine_tune", "best_baseline", -0.05, -0.07, -0.03, 0.002)


def test_the_question_named_in_advance_is_answered_in_one_sentence(finished, capsys):
    told = contrast_sentence(CONTRAST, "eV/atom", 0.05)
    assert told == (
        "Asked in advance: fine_tune's error is 0.0500 eV/atom lower than that of the best "
        "baseline, which was chosen on inner folds; that is more than chance (95 %: -0.0700 to "
        "-0.0300, p = 0.0020)."
    )
    show_comparison(dataclasses.replace(finished, contrast=CONTRAST))
    assert told in " ".join(capsys.readouterr().out.split())


def test_a_question_that_is_not_settled_or_settled_otherwise_is_called_so():
    worse = dataclasses.replace(CONTRAST, delta=0.02, p=1e-6)
    assert "0.0200 GPa higher than" in contrast_sentence(worse, "GPa", 0.05)
    assert "p < 0.0001" in contrast_sentence(worse, "GPa", 0.05)
    assert "is not distinguishable from chance" in contrast_sentence(CONTRAST, "eV/atom", 0.001)


def test_nothing_is_said_of_a_question_that_was_not_asked(finished, capsys):
    show_comparison(finished)
    assert "Asked in advance" not in capsys.readouterr().out


def test_the_table_shows_every_line_with_its_error_in_full(finished, capsys):
    show_comparison(finished)
    printed = capsys.readouterr().out
    for line in (*finished.strategies, *finished.baselines):
        assert re.search(rf"^ *{line.name} .*{line.mae:.4f}", printed, re.MULTILINE), line.name
    assert "…" not in printed
    assert "\x1b" not in printed


def test_the_unseen_column_stands_only_where_there_are_unseen_rows(finished, capsys):
    show_comparison(finished)
    assert "unseen" in capsys.readouterr().out
    document = {**finished.document, "n_unseen": 0}
    show_comparison(dataclasses.replace(finished, document=document))
    assert "unseen" not in capsys.readouterr().out


@pytest.mark.parametrize("delta", [-0.3, 0.3])
def test_signs_are_always_shown(finished, capsys, delta):
    show_comparison(with_best(finished, **{**JUDGED, "delta": delta}))
    assert f"{delta:+.4f}" in capsys.readouterr().out


def test_the_plans_name_every_layer_with_its_width(settings, capsys):
    settings.strategy["slow"] = {"kind": "layer_wise", "learning_rate": 1e-3, "decay": 0.5}
    settings.strategy["joint"] = {"learning_rate": 1e-3}
    show_plans(make_strategies(settings.strategy), [8, 4])
    out, err = capsys.readouterr()
    assert out == ""
    assert all(f"layer {number}" in err for number in (1, 2, 3))
    (line,) = [line for line in err.splitlines() if "freeze" in line]
    assert line.split() == ["freeze", "frozen", "copied", "copied"]
    told = " ".join(err.split())
    assert "slow copied, rate x copied, rate x copied 0.25 0.5" in told
    assert "joint random random random learns source" in told
