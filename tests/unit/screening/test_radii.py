from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.bartel2019 import read_labels
from cetransfer.errors import UserError
from cetransfer.screening.element_radii import read_radii, shipped_radii
from cetransfer.screening.shannon import ShannonRadii, ion_radius
from cetransfer.screening.sites import sites_of
from cetransfer.structures.prototypes import prototype_named


def sites(*rows, shared=False):
    """Return the sites of perovskites from their elements."""
    names = ["A", "B", "B2", "X"] if shared else ["A", "B", "X"]
    return sites_of(pd.DataFrame(rows, columns=names), prototype_named("perovskite"))


def shannon(*, mark=False, spin="high", rule="pymatgen"):
    return ShannonRadii({"A": "XII", "B": "VI"}, spin, rule, mark)


def test_the_shipped_radii_are_those_worked_out_from_the_release(mirror):
    table = pd.read_csv(mirror / "li2023" / "derived" / "ionic_radii_73.csv", index_col=0)
    radii = shipped_radii("pymatgen", mark=False)
    assert {**table.iloc[:, 0], "O": 1.382} == dict(radii.table)
    assert "r_O = 1.382" in radii.words


def test_a_shared_site_has_the_mean_radius():
    radii = shipped_radii("pymatgen", mark=False)
    found = radii.of_sites(sites(["Sr", "Fe", "Mo", "O"], ["Sr", "Ti", "", "O"], shared=True))
    table = radii.table
    assert found.b == pytest.approx([(table["Fe"] + table["Mo"]) / 2, table["Ti"]])
    assert found.n_a.tolist() == [2.0, 2.0]


def test_shannons_radii_say_what_was_assumed():
    found = shannon().of_sites(sites(["Sr", "Ti", "O"]))
    assert (found.a[0], found.b[0], found.x[0], found.n_a[0]) == (1.44, 0.605, 1.40, 2.0)
    assert found.assumption[0] == "Sr2+ XII 1.44; Ti4+ VI 0.605; O2- VI 1.4"


def test_the_nearest_coordination_is_taken_and_named():
    assert ion_radius("Ti", 4, "XII", "high").words == "Ti4+ VIII (no XII) 0.74"


def test_spin_chooses_between_two_radii():
    assert ion_radius("Fe", 3, "VI", "high").words == "Fe3+ VI high spin 0.645"
    assert ion_radius("Fe", 3, "VI", "low").radius == 0.55
    assert ion_radius("Fe", 3, "VIII", "low").words == "Fe3+ VIII high spin 0.78"


def test_shannons_radii_are_those_of_table_s1(mirror):
    assert mirror
    table, _ = read_labels()
    table = table[table["X"] == "O"]
    close = []
    for site, numeral in (("a", "XII"), ("b", "VI")):
        ions = zip(table[site.upper()], table[f"n_{site}"], table[f"r_{site}"], strict=True)
        for element, state, printed in ions:
            ion = ion_radius(element, int(state), numeral, "high")
            close.append(ion is not None and abs(ion.radius - printed) < 0.006)
    assert np.mean(close) > 0.95


def test_an_ion_without_a_radius_is_named_with_the_remedy():
    with pytest.raises(UserError, match=r"no radius for Ge3\+; leave .*missing_radius=mark"):
        shannon().of_sites(sites(["La", "Ge", "O"], ["Sr", "Ti", "O"]))


def test_a_missing_radius_can_mark_its_row():
    found = shannon(mark=True).of_sites(sites(["La", "Ge", "O"], ["Sr", "Ti", "O"]))
    assert found.problem.tolist() == ["Shannon has no radius for Ge3+", ""]
    assert np.isnan(found.b).tolist() == [True, False]


def test_where_no_charges_balance_the_row_is_marked():
    found = shannon().of_sites(sites(["Cs", "Na", "O"]))
    assert found.problem.tolist() == ["no charges balance"]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_users_own_table_is_read(tmp_path, ending):
    path = tmp_path / f"radii.{ending}"
    frame = pd.DataFrame({"element": ["Sr", "Ti"], "radius_angstrom": [1.2, 0.6]})
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_excel(path, index=False)
    assert read_radii(path) == {"O": 1.382, "Sr": 1.2, "Ti": 0.6}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("element,size\nSr,1\n", "needs the columns element and radius"),
        ("element,radius\nSx,1\n", "row 1: 'Sx' is no element symbol"),
        ("element,radius\nSr,118\n", r"row 1 \(Sr\): '118' is no radius in angstrom"),
        ("element,radius\nSr,x\n", "'x' is no radius"),
        ("element,radius\nSr,1\nSr,2\n", "row 2: Sr occurs twice"),
    ],
)
def test_a_table_that_is_none_of_radii_is_refused(tmp_path, text, message):
    path = tmp_path / "radii.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_radii(path)


def test_an_element_that_the_table_lacks_is_named():
    with pytest.raises(UserError, match=r"li2023 has no radius for Se; leave the element out"):
        shipped_radii("pymatgen", mark=False).of_sites(sites(["Sr", "Se", "O"]))
    marked = shipped_radii("pymatgen", mark=True).of_sites(sites(["Sr", "Ti", "S"]))
    assert marked.problem.tolist() == ["li2023 has no radius for S"]
