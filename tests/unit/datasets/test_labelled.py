"""Tables of labels, read again as the user's own table."""

from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.datasets.labelled import RESTS_ON, label_attributes
from cetransfer.datasets.tabular import load_tabular
from cetransfer.errors import UserError
from cetransfer.features.store import feature_file, stored_features
from cetransfer.settings import FeatureSettings, NamedData, TableColumns
from cetransfer.structures.prototypes import PROTOTYPES, prototype_named

FEATURES = FeatureSettings("ab_ab", 4, 1.0, 0.01, "open")


@pytest.fixture
def load(tmp_path, cif):
    """Call to write a table of labels and read it as `tabular` does."""
    path = cif("my_ilmenite")

    def loaded(*, ending="parquet", attributes=None, on_bad_rows="refuse", prototype=path):
        table = pd.DataFrame(
            {
                "formula": ["FeTiO3", "MgTiO3", "TiTiO3"],
                "A": ["Fe", "Mg", "Ti"],
                "B": "Ti",
                "X": "O",
                "lattice_constant": 5.1,
                "total_energy": -8.0,
                "formation_energy": [-2.8, -3.4, -3.3],
                "bulk_modulus_gpa": 180.0,
                "flag": ["", "", "no minimum"],
            }
        )
        table.attrs = attributes or {}
        file = tmp_path / f"surrogate_my_ilmenite.{ending}"
        if ending == "csv":
            table.to_csv(file, index=False)
        else:
            table.to_parquet(file, index=False)
        columns = TableColumns("formula", "formation_energy")
        chosen = NamedData(
            "tabular",
            path=str(file),
            prototype=str(prototype),
            unit="eV/atom",
            columns=columns,
            on_bad_rows=on_bad_rows,
        )
        return load_tabular(chosen, "dataset.sources.tabular", tmp_path)

    return loaded


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_flagged_rows_are_never_used_silently(load, ending):
    with pytest.raises(UserError, match=r"1 of 3 rows.*row 3 \(TiTiO3\): no minimum.*=drop"):
        load(ending=ending)
    data = load(ending=ending, on_bad_rows="drop")
    assert data.frame["formula"].tolist() == ["FeTiO3", "MgTiO3"]
    assert "row 3 (TiTiO3): no minimum" in data.notes[-1]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_labels_rest_on_what_made_them(load, ending):
    assert load(ending=ending, on_bad_rows="drop").rests_on == RESTS_ON
    told = load(attributes={"rests_on": ["another", "potential"]}, on_bad_rows="drop")
    assert told.rests_on == ("another", "potential")


def test_tables_say_what_they_rest_on_but_for_the_two_that_are_versioned(cif):
    own = prototype_named(str(cif("my_ilmenite")))
    assert label_attributes(own, "k") == {
        "key": "k",
        "rests_on": list(RESTS_ON),
        "cif_sha256": own.sha256,
    }
    assert label_attributes(PROTOTYPES["garnet"], "k") == {"key": "k", "rests_on": list(RESTS_ON)}
    assert label_attributes(PROTOTYPES["spinel"], "k") == {"key": "k"}


def test_the_cif_is_among_the_hashes_and_another_version_is_told(load, cif):
    path = cif("my_ilmenite")
    sha256 = prototype_named(str(path)).sha256
    same = load(attributes={"cif_sha256": sha256}, on_bad_rows="drop")
    assert same.hashes[str(path)] == sha256
    assert "ABO3, space group 148" in same.notes[0]
    assert not any("another version" in note for note in same.notes)
    path.write_text(path.read_text() + "# a word\n")
    other = load(attributes={"cif_sha256": sha256}, on_bad_rows="drop")
    assert other.hashes[str(path)] != sha256
    assert "labelled with another version" in other.notes[-1]


def test_features_follow_the_content_of_the_cif(load, cif, tmp_path):
    path = cif("my_ilmenite")
    data = load(on_bad_rows="drop")
    first, values = (
        feature_file(data, FEATURES, tmp_path),
        stored_features(data, FEATURES, tmp_path),
    )
    moved = tmp_path / "elsewhere" / "my_ilmenite.cif"
    moved.parent.mkdir()
    moved.write_bytes(path.read_bytes())
    assert feature_file(load(on_bad_rows="drop", prototype=moved), FEATURES, tmp_path) == first
    path.write_text(path.read_text().replace("0.35537", "0.35000"))
    assert feature_file(data, FEATURES, tmp_path) != first
    assert (stored_features(data, FEATURES, tmp_path) != values).any()
