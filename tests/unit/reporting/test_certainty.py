from __future__ import annotations

import dataclasses

import pytest
from rich.console import Console

from cetransfer.evaluation.variance import Shares
from cetransfer.reporting.certainty import p_value, show_certainty, show_coverage
from cetransfer.reporting.tables import show_comparison


def printed(shown, comparison):
    console = Console(width=140)
    with console.capture() as capture:
        shown(comparison, console)
    return capture.get()


def row_of(name, text):
    (row,) = [row for row in text.splitlines() if name in row]
    return row


def test_a_compared_strategy_is_shown_with_odds_and_shares(finished):
    line = dataclasses.replace(
        finished.strategies[2],
        p_new_sources=0.0312,
        p_better=0.812,
        p_equivalent=0.15,
        p_worse=0.038,
        variance=Shares(0.5, None, 0.3, 0.2),
    )
    text = printed(show_certainty, dataclasses.replace(finished, strategies=[line]))
    row = row_of("fine_tune", text)
    assert row.split()[-8:] == ["0.0312", "81.2%", "15.0%", "3.8%", "50.0%", "-", "30.0%", "20.0%"]
    assert "0.005 eV/atom" in text


def test_the_reference_has_an_interval_and_nothing_more(finished):
    row = row_of("target_only", printed(show_certainty, finished))
    assert row.split()[2] == "to"
    assert len(row.split()) == 4


def test_with_one_member_luck_is_a_dash(finished):
    line = dataclasses.replace(finished.strategies[2], p_new_sources=None, variance=None)
    text = printed(show_certainty, dataclasses.replace(finished, strategies=[line]))
    row = row_of("fine_tune", text)
    assert row.split().count("-") == 5


def test_the_coverage_of_every_strategy_is_shown_with_what_is_promised(finished, capsys):
    show_comparison(finished)
    text = capsys.readouterr().out
    assert "90% intervals: share of the 10 rows never trained on" in text
    assert "exchangeable" in text
    for name, found in finished.coverage.items():
        assert f"{found.width:.3f}" in row_of(name, printed(show_coverage, finished))


def test_without_intervals_nothing_is_promised(finished, capsys):
    show_comparison(dataclasses.replace(finished, coverage={}))
    assert "exchangeable" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "told"), [(None, ""), (0.00001, "<0.0001"), (0.0433, "0.0433"), (1.0, "1.0000")]
)
def test_a_p_is_given_to_four_decimals(value, told):
    assert p_value(value) == told
