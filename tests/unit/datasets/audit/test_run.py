from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.audit.finding import Subject
from cetransfer.datasets.audit.load import load_subject, load_truth
from cetransfer.datasets.audit.run import audit
from cetransfer.datasets.elements import ELEMENTS_73
from cetransfer.structures.prototypes import prototype_named

ELEMENTS = ELEMENTS_73[:30]


def formulas_of(frame, prototype):
    return [prototype_named(prototype).formula(row) for row in frame.to_dict("records")]


def kinds(frame, prototype="spinel", **more):
    return {finding.kind for finding in audit(Subject("mine", frame, prototype), **more).findings}


def one(found, kind):
    (finding,) = [finding for finding in found.findings if finding.kind == kind]
    return finding


@pytest.mark.parametrize("prototype", ["spinel", "perovskite", "pyrochlore", "k2nif4"])
@pytest.mark.parametrize("totals", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_clean_table_gives_no_finding(prototype, totals, seed, clean):
    found = audit(Subject("mine", clean(prototype, totals=totals, seed=seed), prototype))
    assert found.findings == []
    assert [fact.kind for fact in found.facts] == ["equal_sites"]


@pytest.mark.parametrize("prototype", ["spinel", "k2nif4"])
def test_a_shifted_element_is_named_from_total_energies(prototype, clean):
    frame = clean(prototype)
    holds = (frame["A"] == "Co") | (frame["B"] == "Co")
    frame.loc[holds, "formation_energy"] += 0.5
    found = audit(Subject("mine", frame, prototype))
    assert one(found, "shifted_element").evidence["element"] == "Co"


def test_a_shifted_element_is_named_from_its_neighbours(clean):
    frame = clean("perovskite", totals=False)
    holds = (frame["A"] == "Co") | (frame["B"] == "Co")
    frame.loc[holds, "formation_energy"] += 2.0
    found = audit(Subject("mine", frame, "perovskite"))
    assert one(found, "shifted_element").evidence["element"] == "Co"


def test_a_shifted_element_is_named_from_another_table(clean):
    frame = clean("perovskite", totals=False)
    other = frame.copy()
    holds = (frame["A"] == "Co") | (frame["B"] == "Co")
    other.loc[holds, "formation_energy"] -= 1.2
    found = audit(Subject("a", frame, "perovskite"), Subject("b", other, "perovskite"))
    shifted = of(found, "shifted_element", "a -> b")
    assert shifted.evidence["offset"] == pytest.approx(-1.2, abs=0.15)


@pytest.mark.parametrize("prototype", ["spinel", "perovskite", "pyrochlore", "k2nif4"])
def test_swapped_site_columns_are_told_from_the_formula(prototype, clean):
    frame = clean(prototype).rename(columns={"A": "B", "B": "A"})
    found = audit(Subject("mine", frame, prototype))
    assert len(one(found, "swapped_columns").rows) == 30 * 29


def test_swapped_site_columns_are_told_from_a_table_on_true_sites(clean):
    frame = clean("perovskite", totals=False)
    swapped = frame.rename(columns={"A": "B", "B": "A"})
    swapped["formula"] = swapped["A"] + swapped["B"] + "O3"
    truth = Subject("truth", frame, "perovskite", true_sites=True)
    assert "swapped_columns" in kinds(swapped, "perovskite", truth=truth)
    assert kinds(frame, "perovskite", truth=truth) == set()


def test_swapped_rows_are_listed_with_both_errors(clean):
    frame = clean("perovskite", totals=False)
    truth = Subject("truth", frame, "perovskite", true_sites=True)
    rows = frame.sample(40, random_state=0).index
    mine = frame.copy()
    mine.loc[rows, ["A", "B"]] = frame.loc[rows, ["B", "A"]].to_numpy()
    mine = mine.drop_duplicates(["A", "B"]).reset_index(drop=True)
    mine["formula"] = mine["A"] + mine["B"] + "O3"
    mine["formation_energy"] += 0.3
    finding = one(audit(Subject("mine", mine, "perovskite"), truth=truth), "swapped_sites")
    assert finding.evidence["offset"] == pytest.approx(0.3, abs=0.02)
    assert finding.evidence["swapped"] == len(finding.rows) > 5
    assert all(row["error_swapped"] < 0.15 for row in finding.rows)
    assert all(row["error_as_given"] - row["error_swapped"] >= 0.1499 for row in finding.rows)
    assert finding.evidence["false_rate"] < 0.01
    assert 0 < finding.evidence["found_rate"] <= 1


def test_swapped_energy_columns_are_told(clean):
    names = {
        "formation_energy": "total_energy_per_atom",
        "total_energy_per_atom": "formation_energy",
    }
    assert kinds(clean().rename(columns=names)) == {"swapped_columns"}


def test_a_table_in_another_unit_is_told(clean):
    frame = clean(totals=False)
    frame["formation_energy"] *= 96.48533212
    finding = one(audit(Subject("mine", frame, "spinel")), "suspicious_unit")
    assert finding.evidence["likely_unit"] == "kJ/mol of atoms"


@pytest.mark.parametrize("totals", [True, False])
def test_rows_in_another_unit_are_told(totals, clean):
    frame = clean(totals=totals)
    rows = frame[frame["formation_energy"] < -1].sample(30, random_state=0).index
    frame.loc[rows, "formation_energy"] *= 96.48533212
    finding = one(audit(Subject("mine", frame, "spinel")), "suspicious_unit")
    assert {row["row"] - 1 for row in finding.rows} == set(rows)
    assert finding.evidence["likely_unit"] == "kJ/mol of atoms"


def test_energies_far_too_small_are_told(clean):
    frame = clean(totals=False)
    frame["formation_energy"] /= 1000
    assert kinds(frame) == {"suspicious_unit"}


def test_duplicated_rows_and_contradicting_ones_are_told_apart(clean):
    frame = clean()
    again = frame.iloc[[3, 50]].copy()
    other = frame.iloc[[7]].copy()
    other["formation_energy"] += 0.2
    found = audit(Subject("mine", pd.concat([frame, again, other], ignore_index=True), "spinel"))
    assert [row["row"] for row in one(found, "duplicate").rows] == [4, 51, 901, 902]
    assert [row["row"] for row in one(found, "polymorph").rows] == [8, 903]
    assert len(found.findings) == 2


def test_labels_that_are_no_number_are_listed(clean):
    frame = clean().astype({"formation_energy": object})
    frame.loc[[2, 9], "formation_energy"] = [None, "n/a"]
    found = audit(Subject("mine", frame, "spinel"))
    assert [row["row"] for row in one(found, "not_a_number").rows] == [3, 10]
    assert len(found.findings) == 1


@pytest.mark.parametrize("seed", [0, 1])
def test_ten_wrong_labels_are_found_and_no_other(seed, clean):
    frame = clean(totals=False, seed=seed)
    rows = frame.sample(10, random_state=seed).index
    frame.loc[rows, "formation_energy"] += np.tile([1.2, -1.2], 5)
    found = audit(Subject("mine", frame, "spinel"))
    assert {row["row"] - 1 for row in one(found, "label_outlier").rows} == set(rows)


def test_a_wrong_reference_is_found_and_its_repair_told(clean):
    frame = clean()
    before = frame.loc[17, "formation_energy"]
    frame.loc[17, "formation_energy"] += 6.0
    (row,) = one(audit(Subject("mine", frame, "spinel")), "wrong_reference").rows
    assert row["row"] == 18
    assert row["formula"] == frame.loc[17, "formula"]
    assert row["repaired"] == pytest.approx(before, abs=1e-3)


def test_an_offset_between_two_tables_is_measured_with_its_error(clean):
    frame = clean("perovskite", totals=False)
    other = frame.copy()
    other["formation_energy"] += -0.4 + 0.1 * np.random.default_rng(0).normal(size=len(other))
    found = audit(Subject("a", frame, "perovskite"), Subject("b", other, "perovskite"))
    offset = one(found, "energy_offset").evidence
    assert offset["constant"] == pytest.approx(-0.4, abs=4 * offset["standard_error"])
    assert offset["standard_error"] == pytest.approx(0.1 / 30, rel=0.2)
    assert one(found, "shared_compounds").evidence["shared"] == 900


def test_elements_of_one_table_only_are_named(clean):
    frame = clean("perovskite", totals=False)
    less = frame[(frame["A"] != "Co") & (frame["B"] != "Co")].reset_index(drop=True)
    found = audit(Subject("a", less, "perovskite"), Subject("b", frame, "perovskite"))
    assert one(found, "one_sided_elements").evidence == {"source_only": [], "target_only": ["Co"]}


def test_what_labelled_both_tables_is_told(clean):
    frame = clean("perovskite", totals=False)
    source = Subject("a", frame, "perovskite", ("CHGNet 0.3.0", "Materials Project"))
    target = Subject("b", frame, "perovskite", ("Materials Project",))
    found = audit(source, target)
    assert one(found, "label_origin").evidence["common"] == ["Materials Project"]
    assert "label_origin" in {fact.kind for fact in found.facts}


def with_other_sites(prototype):
    """Make a table of a prototype with one cation site or three."""
    sites = [role for role in prototype_named(prototype).roles if role != "X"]
    combinations = list(product(*[ELEMENTS[:8] if len(sites) > 1 else ELEMENTS] * len(sites)))
    frame = pd.DataFrame(combinations, columns=sites).assign(X="O")
    frame.insert(0, "formula", formulas_of(frame, prototype))
    frame["formation_energy"] = np.random.default_rng(0).normal(-2, 0.3, len(frame))
    frame["total_energy_per_atom"] = frame["formation_energy"] - 6
    return frame


@pytest.mark.parametrize("prototype", ["rocksalt", "rutile", "garnet", "double_perovskite"])
def test_one_or_three_cation_sites_are_audited_for_what_can_be_known(prototype):
    frame = with_other_sites(prototype)
    found = audit(Subject("mine", frame, prototype))
    assert found.findings == []
    facts = {fact.kind: fact for fact in found.facts}
    assert "only where there are two" in facts["not_checked"].message
    assert ("equal_sites" in facts) == ("C" in frame)

    bad = pd.concat([frame, frame.iloc[:1]], ignore_index=True)
    bad.loc[3, "formation_energy"] = np.nan
    bad.loc[5, "formation_energy"] *= 96.5
    assert kinds(bad, prototype) == {"not_a_number", "duplicate", "suspicious_unit"}
    whole = frame[["formula", *prototype_named(prototype).roles]]
    whole = whole.assign(formation_energy=frame["formation_energy"] * 96.485)
    assert one(audit(Subject("mine", whole, prototype)), "suspicious_unit").evidence["factor"] > 90
    names = ["formation_energy", "total_energy_per_atom"]
    swapped = frame.rename(columns=dict(zip(names, names[::-1], strict=True)))
    assert kinds(swapped, prototype) == {"swapped_columns"}


@pytest.mark.parametrize("prototype", ["rocksalt", "garnet"])
def test_two_tables_with_other_sites_are_compared(prototype, clean):
    frame = with_other_sites(prototype)
    other = frame.assign(formation_energy=frame["formation_energy"] + 0.4)
    found = audit(Subject("a", frame, prototype), Subject("b", other, prototype))
    assert one(found, "energy_offset").evidence["constant"] == pytest.approx(0.4)
    assert one(found, "shared_compounds").evidence["shared"] == len(frame)
    both = [Subject("p", clean("perovskite"), "perovskite"), Subject("a", frame, prototype)]
    for pair in (both, both[::-1]):
        assert {finding.kind for finding in audit(*pair).findings} <= {"one_sided_elements"}


def test_exchanged_cations_of_three_are_told_from_the_formula():
    frame = with_other_sites("garnet").rename(columns={"A": "C", "C": "A"})
    finding = one(audit(Subject("mine", frame, "garnet")), "swapped_columns")
    assert len(finding.rows) == 8 * 8 * 7


def test_a_prototype_of_the_users_own_is_audited(cif, clean):
    path = str(cif("my_ilmenite"))
    assert audit(Subject("mine", clean(path), path)).findings == []


@pytest.fixture(scope="module")
def released(mirror, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    source, target = (load_subject(f"li2023_{name}", root)[0] for name in ("spinel", "perovskite"))
    assert mirror
    return audit(source, target, load_truth("emery2017", root)[0])


def formulas(finding):
    return {row["formula"] for row in finding.rows}


def of(found, kind, subject):
    (finding,) = [each for each in found.findings if (each.kind, each.subject) == (kind, subject)]
    return finding


def test_the_released_spinels_have_six_wrong_references_and_one_odd_label(released):
    six = {"YY2O4", "VV2O4", "TaTa2O4", "WW2O4", "YbYb2O4", "InIn2O4"}
    assert formulas(of(released, "wrong_reference", "li2023_spinel")) == six
    outliers = formulas(of(released, "label_outlier", "li2023_spinel"))
    assert "EuNb2O4" in outliers
    assert len(outliers) <= 6


def test_the_released_perovskites_are_ordered_and_partly_swapped(released):
    order = of(released, "site_order", "li2023_perovskite")
    assert order.evidence["order"] == "electronegativity"
    assert len(order.rows) == 855
    swapped = of(released, "swapped_sites", "li2023_perovskite")
    assert "BeZnO3" in formulas(swapped)
    assert len(swapped.rows) >= 39
    assert swapped.evidence["false_rate"] < 0.05


def test_the_released_tables_share_830_pairs_and_differ_in_scale(released):
    both = "li2023_spinel -> li2023_perovskite"
    assert of(released, "shared_pairs", both).evidence["shared"] == 830
    offset = of(released, "energy_offset", both).evidence
    assert -0.6 < offset["constant"] < -0.3
    assert 0 < offset["standard_error"] < 0.05
    json.dumps(released.document(), allow_nan=False)
