from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.datasets.catalogue import load
from cetransfer.datasets.li2023 import SHA256, parse_formula
from cetransfer.errors import UserError


@pytest.mark.parametrize(
    ("formula", "template", "expected"),
    [
        ("MgAl2O4", "AB2O4", ("Mg", "Al", "O")),
        ("YY2O4", "AB2O4", ("Y", "Y", "O")),
        ("AgAg2O4", "AB2O4", ("Ag", "Ag", "O")),
        ("BAg2O4", "AB2O4", ("B", "Ag", "O")),
        ("VB2O4", "AB2O4", ("V", "B", "O")),
        ("CsBO3", "ABO3", ("Cs", "B", "O")),
        ("KUO3", "ABO3", ("K", "U", "O")),
        ("ZnCr2S4", "AB2O4", ("Zn", "Cr", "S")),
    ],
)
def test_formulas_are_split_in_their_own_order(formula, template, expected):
    assert parse_formula(formula, template) == expected


@pytest.mark.parametrize("formula", ["Y3O4", "MgAl2O3", "mgal2o4", "MgAl2O4H", ""])
def test_other_formulas_are_refused(formula):
    with pytest.raises(UserError, match="is not of the form AB2O4"):
        parse_formula(formula, "AB2O4")


@pytest.fixture(scope="module")
def audited(mirror):
    path = mirror / "li2023" / "derived" / "spinel_5174_audited.csv"
    return pd.read_csv(path, keep_default_na=False)


def test_the_released_spinels(audited, tmp_path):
    dataset = load("li2023_spinel", root=tmp_path)
    frame = dataset.frame
    assert dataset.prototype == "spinel"
    assert frame[["formula", "A", "B"]].equals(audited[["formula", "A", "B"]].astype("str"))
    assert frame["formation_energy"].to_numpy() == pytest.approx(
        audited["formation_energy_eV_per_atom"].to_numpy(), abs=1e-12
    )
    assert frame["total_energy_per_atom"].to_numpy() == pytest.approx(
        audited["total_energy_eV_per_atom"].to_numpy(), abs=1e-12
    )
    assert set(dataset.hashes.values()) <= set(SHA256.values())


@pytest.mark.usefixtures("mirror")
def test_the_released_perovskites(tmp_path):
    dataset = load("li2023_perovskite", root=tmp_path)
    frame = dataset.frame.set_index("formula")
    assert len(frame) == 855
    assert dataset.prototype == "perovskite"
    assert frame.loc["BeZnO3", ["A", "B", "X"]].tolist() == ["Be", "Zn", "O"]
    assert frame.loc["AcAlO3", "formation_energy"] == pytest.approx(-3.6991934215)
    assert "electronegativity" in dataset.notes[0]
