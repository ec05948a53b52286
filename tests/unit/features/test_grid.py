from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.li2023 import (
    PEROVSKITE,
    SPINEL,
    SPINEL_A_CE,
    parse_formula,
    published_table,
)
from cetransfer.errors import UserError
from cetransfer.features.environment import featurize
from cetransfer.features.grid import featurize_grid
from cetransfer.features.tables import load_table
from cetransfer.features.variants import VARIANTS
from cetransfer.settings import FeatureSettings
from cetransfer.structures.prototypes import PROTOTYPES

OPEN = load_table("open")
Z = OPEN.columns.index("atomic_number")


def compositions(formulas, template):
    return pd.DataFrame([parse_formula(f, template) for f in formulas], columns=["A", "B", "X"])


@pytest.mark.parametrize(
    ("path", "name", "variant"),
    [
        (SPINEL, "spinel", "ab_ab"),
        (PEROVSKITE, "perovskite", "ab_ab"),
        (SPINEL_A_CE, "spinel", "a_ce"),
    ],
)
@pytest.mark.usefixtures("mirror")
def test_the_published_columns_are_regenerated(path, name, variant):
    table = published_table(path)
    prototype = PROTOTYPES[name]
    config = FeatureSettings(variant, 1, 1.0, 0.01, "li2023")
    rows = compositions(table["formula"], prototype.formula_template)
    features = featurize_grid(prototype, rows, config)
    assert len(features) in {5174, 855}
    assert np.abs(features - table.iloc[:, 1:-1].to_numpy()).max() < 1e-9


@pytest.mark.parametrize("shells", [1, 2, 3])
@pytest.mark.parametrize("variant", sorted(VARIANTS))
@pytest.mark.parametrize("name", sorted(PROTOTYPES))
def test_grid_and_structures_agree(name, variant, shells):
    rows = pd.DataFrame(
        {"A": ["Sr", "Y", "Zn"], "B": ["Ti", "Y", "Be"], "C": ["W", "Y", "B"], "X": ["O", "O", "S"]}
    )
    config = FeatureSettings(variant, shells, 1.0, 0.01, "open")
    prototype = PROTOTYPES[name]
    built = [prototype.structure(row, 8.2) for row in rows.to_dict("records")]
    if not set(VARIANTS[variant].roles) <= set(prototype.roles):
        with pytest.raises(UserError, match=r"no site has role B.* choose features=a or"):
            featurize_grid(prototype, rows, config)
        return
    grid = featurize_grid(prototype, rows, config)
    assert grid == pytest.approx(featurize(built, config), rel=1e-10, abs=1e-10)


def test_second_shell_of_a_perovskite_by_hand():
    # A: 12 O at a/sqrt2 and 8 Ti at a sqrt3/2; B: 6 O at a/2 and 8 Sr at a sqrt3/2; weights 1/d.
    rows = pd.DataFrame({"A": ["Sr"], "B": ["Ti"]})
    config = FeatureSettings("ab_cece", 2, 1.0, 0.01, "open")
    grid = featurize_grid(PROTOTYPES["perovskite"], rows, config).reshape(4, -1)[:, Z]
    far = 8 * 2 / np.sqrt(3)
    around_a = (12 * np.sqrt(2) * 8 + far * 22) / (12 * np.sqrt(2) + far)
    around_b = (6 * 2 * 8 + far * 38) / (6 * 2 + far)
    assert grid == pytest.approx([38, around_a, 22, around_b])
    assert around_a == pytest.approx(0.647530 * 8 + 0.352470 * 22, abs=1e-4)


def test_structure_enters_from_the_second_shell_on():
    rows = pd.DataFrame({"A": ["Sr"], "B": ["Ti"]})
    one, two = (
        [
            featurize_grid(prototype, rows, FeatureSettings("ab_ab", n, 1.0, 0.01, "open"))
            for prototype in (PROTOTYPES["spinel"], PROTOTYPES["perovskite"])
        ]
        for n in (1, 2)
    )
    assert one[0] == pytest.approx(one[1])
    assert not np.allclose(two[0], two[1])


def test_a_third_cation_counts_as_a_centre_of_role_b():
    # 8 octahedral and 12 tetrahedral sites in the primitive cell of garnet; neighbours are oxygen
    rows = pd.DataFrame({"A": ["Ca"], "B": ["Al"], "C": ["Si"]})
    config = FeatureSettings("ab_cece", 1, 1.0, 0.01, "open")
    grid = featurize_grid(PROTOTYPES["garnet"], rows, config).reshape(4, -1)[:, Z]
    assert grid == pytest.approx([20, 8, (8 * 13 + 12 * 14) / 20, 8])


def test_b_and_c_of_a_double_perovskite_are_equivalent():
    rows = pd.DataFrame({"A": ["Ba", "Ba"], "B": ["Mg", "W"], "C": ["W", "Mg"]})
    config = FeatureSettings("abx_cecece", 2, 1.0, 0.01, "open")
    one, other = featurize_grid(PROTOTYPES["double_perovskite"], rows, config)
    assert one == pytest.approx(other)


def test_the_order_of_the_pair_matters():
    rows = pd.DataFrame({"A": ["Be", "Zn"], "B": ["Zn", "Be"]})
    config = FeatureSettings("ab_ab", 1, 1.0, 0.01, "open")
    grid = featurize_grid(PROTOTYPES["perovskite"], rows, config).reshape(2, 2, -1)
    assert grid[0, 0] == pytest.approx(grid[1, 1])
    assert not np.allclose(grid[0], grid[1])


def test_an_element_without_properties_names_row_and_formula():
    rows = pd.DataFrame({"A": ["Sr", "Mg"], "B": ["Ti", "Cm"]}, index=[10, 11])
    with pytest.raises(UserError, match=r"row 2 \(MgCm2O4\): element Cm"):
        featurize_grid(PROTOTYPES["spinel"], rows, FeatureSettings("a", 1, 1.0, 0.01, "open"))


def test_a_missing_column_is_named():
    with pytest.raises(UserError, match="perovskite need a column B; columns: A"):
        featurize_grid(
            PROTOTYPES["perovskite"],
            pd.DataFrame({"A": ["Sr"]}),
            FeatureSettings("a", 1, 1.0, 0.01, "open"),
        )
