from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.errors import UserError
from cetransfer.reporting.pages.page import render
from cetransfer.reporting.pages.screening.page import screening_page
from cetransfer.reporting.pages.screening.stored import read_screening
from cetransfer.reporting.pages.screening.worth import criteria_alone

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def stored(screen, candidates):
    return read_screening(candidates, screen)


def test_the_made_up_funnel_is_one(stored):
    assert [int(each.sum()) for each in stored.left_after(stored.candidates)] == [16, 10, 5, 4]


def test_a_screening_has_all_its_figures(stored):
    page = screening_page(stored, ["cetransfer screen"], None)
    assert {drawing.name for drawing in page.drawings} == {
        "funnel",
        "energies",
        "first_candidates",
        "t_and_mu",
        "energy_by_pair",
        "criteria",
    }
    assert {table.name for table in page.tables} == {
        "funnel_steps",
        "shortlist",
        "provenance",
        "criteria_alone",
    }
    assert page.verdict.startswith("4 of 16 candidates meet all criteria")
    assert page.limits == ["an element is new"]
    html = render(page)
    assert "3" * 64 in html
    assert "6ba8046e247262d4" in html


def test_the_shortlist_comes_by_rank_with_intervals(stored):
    page = screening_page(stored, [], None)
    (table,) = (each for each in page.tables if each.name == "shortlist")
    assert [row[1].text for row in table.rows] == ["SrTiO3", "SrHfO3", "BaTiO3", "BaHfO3"]
    headings = [column.heading for column in table.columns]
    assert "90 % from" in headings
    assert "probability of meeting all" in headings


def test_a_criterion_by_itself_is_counted_on_what_is_known(stored):
    table = criteria_alone(stored).set_index("criterion")
    # t of 0.76, 0.80, 0.84 and 0.60, 0.92; balanced are even places
    assert table.loc["goldschmidt", "perovskites"] == 1.0
    assert table.loc["goldschmidt", "others"] == 0.5
    assert table.loc["charge_balance", "perovskites"] == pytest.approx(2 / 3)
    assert table.loc["all together", "perovskites"] == pytest.approx(2 / 3)
    # Wilson's interval of 2 in 3, worked out by hand with z = 1.95996
    assert table.loc["charge_balance", "perovskites_low"] == pytest.approx(0.2077, abs=1e-4)
    assert table.loc["charge_balance", "perovskites_high"] == pytest.approx(0.9385, abs=1e-4)


def test_two_lists_are_compared(screen, candidates):
    table = pd.read_parquet(candidates / "candidates.parquet")
    table["model_formation_energy"] = table["formation_energy"] + 0.3
    table["model_dropped_by"] = np.where(table["rank"] > 2, "formation_energy", "")
    table.to_parquet(candidates / "candidates.parquet")
    screen["comparison"] = {
        "second": "model m",
        "funnel": screen["funnel"],
        "counts": {"both": 2, "only_first": 2, "only_second": 0},
        "mean_absolute_difference": 0.3,
    }
    screen["further"] = {
        "stable": {
            "funnel": screen["funnel"][:1],
            "count": 3,
            "file": "stable.csv",
            "published": {"count": 3, "both": 3},
        }
    }
    page = screening_page(read_screening(candidates, screen), [], None)
    assert "two_lists" in {drawing.name for drawing in page.drawings}
    assert "further" in {each.name for each in page.tables}
    assert "model: E_f < -1" in set(
        page.drawings[0].data["list"] + page.drawings[0].data["criterion"]
    )


def test_what_a_screening_has_not_is_not_drawn(screen, candidates):
    table = pd.read_parquet(candidates / "candidates.parquet")
    bare = table[["formula", "A", "B", "X", "charge_balanced", "dropped_by", "rank", "probability"]]
    bare.assign(A2="Ca", provenance="not found").to_parquet(candidates / "candidates.parquet")
    screen["funnel"] = [screen["funnel"][1]]
    screen["energies"] = screen["model"] = screen["radii"] = None
    page = screening_page(read_screening(candidates, screen), [], None)
    assert [drawing.name for drawing in page.drawings] == ["funnel"]


def test_candidates_in_parts_are_counted_part_by_part(screen, candidates):
    whole = pd.read_parquet(candidates / "candidates.parquet")
    (candidates / "candidates.parquet").unlink()
    (candidates / "candidates.parquet").mkdir()
    for number in range(4):
        part = whole[4 * number : 4 * number + 4].drop(columns="rank")
        part = part.astype({"dropped_by": "category"})
        part.to_parquet(candidates / "candidates.parquet" / f"part-{number:05d}.parquet")
    passing = whole[whole["dropped_by"] == ""].assign(A2="Ca", provenance="not found")
    passing.head(3).to_csv(candidates / "shortlist.csv", index=False)
    page = screening_page(read_screening(candidates, screen), [], None)
    drawings = {drawing.name: drawing for drawing in page.drawings}
    assert {*drawings} == {"funnel", "energies", "first_candidates", "t_and_mu"}
    counts = drawings["energies"].data
    assert counts["all"].sum() == 16
    assert counts["E_f < -1"].sum() == 4
    (table,) = (each for each in page.tables if each.name == "shortlist")
    assert len(table.rows) == 3


def test_known_answers_and_their_sentence_are_shown(screen, candidates):
    row = {"question": "stable", "criterion": "tau", "yes": 9, "chosen": 10}
    row |= {"precision": 0.9, "precision_low": 0.5961, "precision_high": 0.98}
    pd.DataFrame([row]).to_csv(candidates / "worth.csv", index=False)
    screen["worth"] = {"sentence": "Use tau."}
    html = render(screening_page(read_screening(candidates, screen), [], None))
    assert "Use tau." in html
    assert "Does the criterion work" in html
    assert "59.6%" in html


def test_hostile_formulas_stay_text(screen, candidates):
    table = pd.read_parquet(candidates / "candidates.parquet")
    table["formula"] += HOSTILE
    table["provenance"] = HOSTILE
    table.to_parquet(candidates / "candidates.parquet")
    screen["name"] = HOSTILE
    html = render(screening_page(read_screening(candidates, screen), [HOSTILE], None))
    assert html.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in html


def test_without_candidates_there_is_no_report(screen, tmp_path):
    with pytest.raises(UserError, match="has no candidates"):
        read_screening(tmp_path, screen)
