"""A space in parts comes to what it comes to in one piece, wherever it is stopped."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cetransfer.composition import SHAPES, compose_words, to_settings
from cetransfer.errors import UserError
from cetransfer.features.tables import load_table
from cetransfer.models import shared_sites
from cetransfer.models.applicability import Known
from cetransfer.models.intervals import Calibration
from cetransfer.models.shared_sites import Layer, SharedSites
from cetransfer.screening import candidates, parts
from cetransfer.screening import screen as screening
from cetransfer.screening.screen import plan_screening, screen

WORDS = (
    "space=aabbo6",
    "space.elements=[Sr,Ba,La,Ti,Fe,Mo,Zr]",
    "criteria=[goldschmidt,charge_balance,formation_energy]",
    "provenance.tables=[]",
    "provenance.experiments=[]",
)
ABOUT = {
    "id": "0123456789abcdef",
    "seed": 0,
    "dataset": "toy",
    "data": [],
    "protocol_words": "2-fold",
    "strategy": {"name": "fine_tune"},
}


@pytest.fixture
def shared():
    """Return four networks of random weights."""
    random = np.random.default_rng(3)
    elements = load_table("open").elements

    def drawn(*shape):
        return random.normal(size=shape).astype(np.float32)

    return SharedSites(
        elements=elements,
        terms={role: drawn(4, len(elements), 5) for role in "AB"},
        constant=drawn(4, 1, 5),
        layers=(Layer(drawn(4, 5, 1), drawn(4, 1, 1)),),
        activation="silu",
        scale=np.full(4, 1.0),
        shift=np.full(4, -2.0),
        shifts=np.zeros((4, len(elements))),
        folds=((0, 1), (2, 3)),
        calibration=Calibration(np.repeat([0, 1], 10), np.linspace(0.1, 0.3, 20), 1.0, 0.1, None),
        known=Known(
            {"A": elements, "B": elements},
            np.full(1, -np.inf, np.float32),
            np.full(1, np.inf, np.float32),
        ),
        features={role: np.zeros((len(elements), 1)) for role in "ABX"},
    )


@pytest.fixture
def planned(tmp_path, shared, monkeypatch):
    """Call with words to get the plan of a screening, in parts of 42 candidates if not small."""
    model = SimpleNamespace(id=ABOUT["id"], about=ABOUT, calibration=shared.calibration)
    monkeypatch.setattr(screening, "load_fitting", lambda *_: model)
    monkeypatch.setattr(shared_sites, "shared_sites", lambda _: shared)
    monkeypatch.setattr(parts, "ROWS", 42)

    def plan(*words, at_once=100):
        monkeypatch.setattr(candidates, "AT_ONCE", at_once)
        settings = to_settings(compose_words("screen", [*WORDS, *words]), SHAPES["screen"])
        return plan_screening(settings, tmp_path)

    return plan


@pytest.fixture
def whole(planned, tmp_path):
    return screen(planned(at_once=1000), tmp_path)


def all_rows(folder):
    return pd.read_parquet(folder).astype({"A": str, "A2": str, "B": str, "B2": str})


def test_parts_come_to_the_same_as_one_piece(planned, whole, tmp_path):
    plan = planned()
    assert plan.candidates.in_parts
    found = parts.screen_in_parts(plan, tmp_path / "parts", tmp_path)
    assert len(list((tmp_path / "parts").iterdir())) == 11
    assert found.document["funnel"] == whole.document["funnel"]
    assert found.document["counts"] == pytest.approx(whole.document["counts"])
    assert {*found.document} == {*whole.document}
    table = all_rows(tmp_path / "parts")
    assert table["formula"].tolist() == whole.candidates["formula"].tolist()
    assert table["dropped_by"].tolist() == whole.candidates["dropped_by"].tolist()
    for column in ("formation_energy", "lower", "upper", "t", "tau", "probability"):
        np.testing.assert_allclose(table[column], whole.candidates[column], atol=1e-6)
    assert found.shortlist["formula"].tolist() == whole.shortlist["formula"].tolist()
    assert found.shortlist["rank"].tolist() == list(range(1, len(found.shortlist) + 1))


def test_the_shortlist_holds_the_most_probable(planned, whole, tmp_path):
    found = parts.screen_in_parts(planned("best=3"), tmp_path / "parts", tmp_path)
    assert found.shortlist["formula"].tolist() == whole.shortlist["formula"].tolist()[:3]
    assert found.document["counts"]["shortlist"] == len(whole.shortlist) > 3


def test_wherever_it_stops_it_goes_on_and_no_row_is_there_twice(planned, tmp_path, monkeypatch):
    plan = planned()
    write = parts.write_aside
    begun = []

    def stopping(path):
        begun.append(path.name)
        if len(begun) == 4:
            raise KeyboardInterrupt
        return write(path)

    monkeypatch.setattr(parts, "write_aside", stopping)
    with pytest.raises(KeyboardInterrupt):
        parts.screen_in_parts(plan, tmp_path / "parts", tmp_path)
    damaged, *whole = sorted((tmp_path / "parts").iterdir())
    damaged.write_bytes(b"half of it")
    parts.screen_in_parts(plan, tmp_path / "parts", tmp_path)
    assert whole
    assert {path.name for path in whole}.isdisjoint(begun[4:])
    assert len(begun[4:]) == 11 - len(whole)
    table = all_rows(tmp_path / "parts")
    assert len(table) == len(plan.candidates) == 441
    assert table["formula"].is_unique


def test_parts_of_another_screening_are_not_taken(planned, tmp_path):
    parts.screen_in_parts(planned(), tmp_path / "parts", tmp_path)
    other = planned("criteria.goldschmidt.above=0.9")
    found = parts.screen_in_parts(other, tmp_path / "parts", tmp_path)
    assert all_rows(tmp_path / "parts").query("dropped_by == ''")["t"].min() > 0.9
    assert found.document["key"] == other.key


def test_an_empty_result_names_the_criterion_and_what_would_leave_something(planned, tmp_path):
    plan = planned("criteria.formation_energy.below=-100")
    with pytest.raises(UserError, match=r"formation_energy \(E_f < -100\) leaves none") as caught:
        parts.screen_in_parts(plan, tmp_path / "parts", tmp_path)
    lowest = all_rows(tmp_path / "parts").query("dropped_by == 'formation_energy'")
    assert f"E_f = {lowest['formation_energy'].min():.4f}"[:10] in str(caught.value)
    value = float(str(caught.value).split("below=")[1].split()[0])
    loosened = planned(f"criteria.formation_energy.below={value}")
    found = parts.screen_in_parts(loosened, tmp_path / "parts", tmp_path)
    assert found.document["counts"]["shortlist"] >= 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("criteria=[goldschmidt,hull]",), "criterion hull is not worked out for 441"),
        (("known=my.csv",), "known has no meaning for 441 candidates"),
    ],
)
def test_what_parts_cannot_have_is_refused(planned, words, told):
    with pytest.raises(UserError, match=told):
        parts.require_parts(planned(*words))
