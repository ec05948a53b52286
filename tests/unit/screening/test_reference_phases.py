from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from cetransfer.datasets.emery2017 import load_emery
from cetransfer.errors import UserError
from cetransfer.screening.reference_phases import phases_for

COLUMNS = {"formula": "formula", "energy": "formation_energy"}


def hull(references, columns=COLUMNS):
    return SimpleNamespace(name="hull", references=str(references), columns=columns)


@pytest.fixture
def oxides(tmp_path):
    """Return a file with SrO and TiO2, eV/atom."""
    path = tmp_path / "phases.csv"
    path.write_text("formula,formation_energy\nSrO,-3.0\nTiO2,-3.3\nSrO2,-2.0\n")
    return path


def test_the_hull_between_two_oxides_by_hand(oxides):
    # SrTiO3 = SrO + TiO2: (2 * -3.0 + 3 * -3.3) / 5 eV/atom
    phases = phases_for(hull(oxides), "perovskite", oxides.parent)
    found = phases.hull_energies(["SrTiO3", "Sr2Ti2O6", "BaZrO3"])
    assert found == pytest.approx([-3.18, -3.18, np.nan], nan_ok=True)
    assert list(phases.hashes) == [str(oxides)]


def test_emerys_distances_come_back(mirror):
    assert mirror
    data = load_emery(root=mirror)
    phases = phases_for(hull("emery2017"), "perovskite", mirror)
    rows = data.frame.iloc[::10]
    found = (rows["formation_energy"] - phases.hull_energies(rows["formula"])).to_numpy()
    told = rows["hull_distance"].to_numpy()
    # where decomposing into the elements costs less, that is the hull
    below = (rows["formation_energy"] - rows["hull_distance"] < 0).to_numpy()
    # with A and B exchanged there is another phase, which may lie below all others
    of = data.frame.set_index(["A", "B"])["formation_energy"].to_dict()
    pairs = zip(rows["B"], rows["A"], strict=True)
    exchanged = np.array([np.inf if a == b else of.get((a, b), np.inf) for a, b in pairs])
    lower = exchanged < rows["formation_energy"] - rows["hull_distance"]
    assert found[below & ~lower] == pytest.approx(told[below & ~lower], abs=1e-6)
    # a stable one lies below the hull of all others, itself left out
    assert ((told < 0) & (found < 0)).sum() > 10
    apart = (rows["formation_energy"] - exchanged).to_numpy()
    assert found[below & lower] == pytest.approx(apart[below & lower], abs=1e-6)


def test_a_composition_counts_once_and_the_exchanged_compound_is_a_phase(mirror):
    frame = load_emery(root=mirror).frame
    phases = phases_for(hull("emery2017"), "perovskite", mirror)
    assert len(frame) == 4914
    both = {frozenset(pair) for pair in zip(frame["A"], frame["B"], strict=True)}
    assert phases.words.endswith(f"at {len(both)} compositions")


def test_an_element_that_is_in_no_phase_leaves_no_hull(tmp_path):
    path = tmp_path / "phases.csv"
    path.write_text("formula,formation_energy\nSrO,-3.0\nTiO2,-3.3\nO2,0\nSr,0\n")
    phases = phases_for(hull(path), "perovskite", tmp_path)
    found = phases.hull_energies(["SrTiO3", "BaZrO3", "SrZrO3"])
    assert found == pytest.approx([-3.18, np.nan, np.nan], nan_ok=True)
    assert phases.words == "phases.csv: 2 phases"


def test_where_emery_says_nothing_there_is_no_hull(mirror):
    phases = phases_for(hull("emery2017"), "perovskite", mirror)
    assert np.isnan(phases.hull_energies(["UCoO3", "SrTiO4"])).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("formula,formation_energy\nSrO,-300\n", r"row 1 \(SrO\): -300.0 is no formation energy"),
        ("formula,formation_energy\nSr?,-3\n", "row 1"),
        ("formula,formation_energy\nO2,-4.9\n", r"row 1 \(O2\): an element has .* 0, not -4.9"),
        (
            "name,formation_energy\nSrO,-3\n",
            r"no column 'formula'.*criteria\.hull\.columns\.formula",
        ),
    ],
)
def test_a_table_that_is_none_of_phases_is_refused(tmp_path, text, message):
    path = tmp_path / "phases.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        phases_for(hull(path), "perovskite", tmp_path)


def test_unknown_references_are_refused(tmp_path):
    with pytest.raises(UserError, match="references=emery is unknown; did you mean emery2017"):
        phases_for(hull("emery"), "perovskite", tmp_path)


def test_the_materials_project_is_asked_once(materials_project, tmp_path):
    materials_project.add("mp-1", "SrTiO3", 221, -3.5, above_hull=0.02)
    phases = phases_for(hull("materials_project"), "perovskite", tmp_path)
    assert phases.hull_energies(["SrTiO3", "BaTiO3"]) == pytest.approx([-3.52, np.nan], nan_ok=True)
    asked = len(materials_project.asked)
    assert phases_for(hull("materials_project"), "perovskite", tmp_path).hashes == phases.hashes
    assert len(materials_project.asked) == asked
