"""The criteria: a number worked out by hand for each, and the released ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.bartel2019 import read_labels
from cetransfer.errors import UserError
from cetransfer.screening.criteria.goldschmidt import tolerance_factor
from cetransfer.screening.criteria.octahedral import octahedral_factor
from cetransfer.screening.criteria.tau import bartel_tau, tau_probability
from cetransfer.screening.criterion import kinds, make_criteria, make_criterion, require_prototype
from cetransfer.screening.evidence import Evidence


def test_the_tolerance_factor_of_srtio3_by_hand():
    # Shannon's radii: 2.84 over 1.41421 times 2.005
    found = tolerance_factor(np.array([1.44]), np.array([0.605]), np.array([1.40]))
    assert found == pytest.approx([1.001587], abs=1e-6)


def test_the_octahedral_factor_of_srtio3_by_hand():
    # 0.605 / 1.40
    assert octahedral_factor(np.array([0.605]), np.array([1.40])) == pytest.approx([0.432143], 1e-5)


def test_tau_of_srtio3_by_hand():
    # r_A/r_B = 2.380165, ln = 0.867170, ratio of both 2.744751; 2.314050 - 2 (2 - 2.744751)
    found = bartel_tau(*(np.array([each]) for each in (1.44, 0.605, 1.40, 2.0)))
    assert found == pytest.approx([3.803551], abs=1e-6)


def test_there_is_no_tau_where_a_is_not_the_larger_ion():
    radii = np.array([0.6, 0.6]), np.array([0.6, 0.7]), np.array([1.4, 1.4]), np.array([2.0, 2.0])
    assert np.isnan(bartel_tau(*radii)).all()
    assert tau_probability(bartel_tau(*radii)).tolist() == [0.0, 0.0]


def test_tau_and_its_probability_are_those_of_table_s1(mirror):
    assert mirror
    table, _ = read_labels()
    assert (len(table), (table["label"] > 0).sum(), (table["X"] == "O").sum()) == (576, 313, 369)
    radii = (table[name].to_numpy(float) for name in ("r_a", "r_b", "r_x", "n_a"))
    found = bartel_tau(*radii)
    # radii are printed with two decimals: the median is exact, small ions blow up the rest
    difference = np.abs(found - table["tau"].to_numpy())
    assert np.nanmedian(difference) < 0.005
    assert np.nanquantile(difference, 0.95) < 0.1
    chance = tau_probability(table["tau"].to_numpy())
    off = np.abs(chance - table["tau_probability"].to_numpy())
    assert off.max() < 0.0071
    assert np.sqrt((off**2).mean()) < 0.0032


def test_arrays_of_a_grid_broadcast():
    on_a, on_b = np.array([[1.44], [1.61]]), np.array([[0.605, 0.64, 0.72]])
    evidence = Evidence(r_a=on_a, r_b=on_b, r_x=np.array(1.4), n_a=np.array([[2.0], [2.0]]))
    for name in ("goldschmidt", "tau"):
        criterion = make_criterion(name, {"below": 4.0})
        assert criterion.values(evidence).shape == (2, 3)


ENERGIES = Evidence(
    energy=np.array([-2.0, -1.0]),
    lower=np.array([-2.2, -1.6]),
    upper=np.array([-1.8, -0.4]),
    hull_energy=np.array([-2.1, np.nan]),
    balanced=np.array([True, False]),
)


@pytest.mark.parametrize(
    ("name", "fields", "values", "holds"),
    [
        ("formation_energy", {"below": -1.0}, [-2.0, -1.0], [True, False]),
        ("interval", {"below": -1.0}, [-1.8, -0.4], [True, False]),
        ("interval_width", {"at_most": 0.5}, [0.4, 1.2], [True, False]),
        ("charge_balance", {"rule": "pymatgen"}, [1.0, 0.0], [True, False]),
        ("hull", {"at_most": 0.05, "references": "", "columns": {}}, [0.1, np.nan], [False, False]),
    ],
)
def test_criteria_on_energies_and_charges_by_hand(name, fields, values, holds):
    criterion = make_criterion(name, fields)
    found = criterion.values(ENERGIES)
    assert found == pytest.approx(values, nan_ok=True)
    assert criterion.holds(found).tolist() == holds


def test_every_criterion_has_words_unit_source_and_a_file_with_defaults():
    from omegaconf import OmegaConf

    from cetransfer.composition import config_dir

    for name, cls in kinds().items():
        shipped = OmegaConf.load(config_dir() / "criteria" / f"{name}.yaml")
        fields = OmegaConf.to_container(shipped, resolve=False)
        criterion = make_criterion(name, fields)
        assert criterion.words
        assert "doi" in cls.source
        assert cls.unit in {"", "eV/atom"}


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        ({}, "no criterion"),
        ({"goldschmit": {}}, "kind=goldschmit is unknown; did you mean goldschmidt"),
        ({"goldschmidt": {"abov": 1}}, r"criteria\.goldschmidt\.abov does not exist.*above"),
        ({"charge_balance": {}}, r"criteria\.charge_balance\.rule is missing"),
        ({"charge_balance": {"rule": "smact", "above": 1}}, "above does not exist"),
    ],
)
def test_a_wrong_criterion_is_refused(configured, message):
    with pytest.raises(UserError, match=message):
        make_criteria(configured)


def test_a_criterion_for_perovskites_is_refused_elsewhere():
    criteria = make_criteria({"goldschmidt": {"above": 0.7}, "formation_energy": {"below": -1}})
    require_prototype(criteria, "perovskite")
    with pytest.raises(UserError, match=r"not for spinel; give criteria=\[formation_energy\]"):
        require_prototype(criteria, "spinel")


def test_the_golden_rows_of_the_released_table(mirror):
    path = mirror / "li2023" / "raw_data" / "All_perovskite_5329.xlsx"
    table = pd.read_excel(path, keep_default_na=False).set_index("perovskites")
    radii = pd.read_csv(mirror / "li2023" / "derived" / "ionic_radii_73.csv", index_col=0)
    radius = radii.iloc[:, 0]
    for formula, on_a, on_b, t, mu in (
        ("SrTiO3", "Sr", "Ti", 0.921789, 0.484805),
        ("BaHfO3", "Ba", "Hf", 0.960750, 0.520984),
        ("CsBO3", "Cs", "B", 1.482492, 0.094067),
    ):
        r_a, r_b, r_x = (np.array([each]) for each in (radius[on_a], radius[on_b], 1.382))
        assert tolerance_factor(r_a, r_b, r_x) == pytest.approx([t], abs=2e-6)
        assert octahedral_factor(r_b, r_x) == pytest.approx([mu], abs=2e-6)
        assert table.loc[formula, "tolerance_factor"] == pytest.approx(t, abs=2e-6)
