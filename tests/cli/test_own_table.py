"""A comparison on the user's own table."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cetransfer.datasets.formulas import element_counts
from cetransfer.files import sha256

TARGET = (
    "dataset/source=[surrogate_spinel]",
    "dataset/target=tabular",
    "dataset.target.path=my.csv",
    "dataset.target.prototype=perovskite",
    "dataset.target.unit=kJ/mol",
    "dataset.n_labelled=null",
)
KJ_PER_MOL_OF_FIVE_ATOMS = 5 * 96.48533212


@pytest.fixture
def project(tools, tmp_path):
    """Return a project with 60 perovskites in a CSV file, one of them twice."""
    folder = tools.make_project(tmp_path / "project")
    table = pd.read_parquet(folder / "data" / "surrogate_perovskite.parquet")
    table = table[table["flag"] == ""].sample(60, random_state=0)
    table["formation_energy"] *= KJ_PER_MOL_OF_FIVE_ATOMS
    pd.concat([table, table.iloc[:1]]).to_csv(folder / "my.csv", index=False)
    return folder


@pytest.mark.slow
def test_bad_rows_are_refused_or_dropped_and_counted(project, tools, inside):
    refused = inside("compare", *tools.TINY, *TARGET, cwd=project)
    assert refused.returncode == 2
    assert "my.csv: 1 of 61 rows cannot be used: row 61" in refused.stderr
    assert "dataset.target.on_bad_rows=drop" in refused.stderr
    drop = ("dataset.target.on_bad_rows=drop", "output_dir=here")
    done = inside("compare", *tools.TINY, *TARGET, *drop, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "left out (on_bad_rows=drop): 1 of 61 rows" in done.stderr
    result = tools.read(project / "here")
    assert result.document["config"]["dataset"]["target"]["path"] == "my.csv"
    scored = result.predictions.drop_duplicates("compound")
    assert len(scored) == 60
    assert scored["formation_energy"].between(-5, 3).all()
    for formula in scored["compound"]:
        assert [number for _, number in element_counts(formula)] == [1, 1, 3]


@pytest.mark.slow
def test_a_prototype_without_b_needs_a_variant_without_b(project, tools, inside):
    (project / "my.csv").write_text(
        "formula,formation_energy\n" + "".join(f"{m}O,-{n}\n" for n, m in enumerate(METALS, 1))
    )
    words = (*tools.TINY, *TARGET, "dataset.target.prototype=rocksalt")
    refused = inside("compare", *words, cwd=project)
    assert refused.returncode == 2
    assert "prototype rocksalt: no site has role B" in refused.stderr
    assert "choose features=a or features=a_ce" in refused.stderr
    done = inside("compare", *words, "features=a", "output_dir=here", cwd=project)
    assert done.returncode == 0, done.stderr


METALS = ("Mg", "Ca", "Sr", "Ba", "Mn", "Fe", "Co", "Ni", "Cd")


@pytest.mark.slow
def test_an_own_table_may_be_the_source(project, tools, inside):
    words = [word.replace("target", "sources.tabular") for word in TARGET[2:5]]
    done = inside(
        "compare",
        *tools.TINY,
        *words,
        "dataset/source=[tabular]",
        "dataset/target=surrogate_spinel",
        "dataset.sources.tabular.on_bad_rows=drop",
        cwd=project,
    )
    assert done.returncode == 0, done.stderr


def test_a_key_of_the_own_table_is_refused_elsewhere(project, tools, inside):
    done = inside("compare", *tools.TINY, "+dataset.target.unit=kJ/mol", cwd=project)
    assert done.returncode == 2
    assert "dataset.target.unit has no meaning for surrogate_perovskite" in done.stderr


@pytest.mark.slow
def test_labels_of_a_cif_become_a_source(project, tools, inside, cif):
    pytest.importorskip("chgnet")
    cif("my_ilmenite").replace(project / "my_ilmenite.cif")
    elements = "elements=[Al,Fe,Mg,Ti]"
    done = inside(
        *(
            "data",
            "label",
            "prototype=my_ilmenite.cif",
            elements,
            "compute.workers=1",
            "output_dir=labels",
        ),
        cwd=project,
    )
    assert done.returncode == 0, done.stderr
    own = (
        *("dataset/source=[tabular]", "dataset.sources.tabular.unit=eV/atom"),
        "dataset.sources.tabular.path=labels/surrogate_my_ilmenite.parquet",
        "dataset.sources.tabular.prototype=my_ilmenite.cif",
    )
    words = ("compare", *tools.TINY, *own, "dataset/target=surrogate_perovskite")
    done = inside(*words, "output_dir=here", "training.source.batch_size=4", cwd=project)
    assert done.returncode == 0, done.stderr
    document = tools.read(project / "here").document
    assert document["data_hashes"]["my_ilmenite.cif"] == sha256(project / "my_ilmenite.cif")
    assert "CHGNet" in json.dumps(document["sources"])


def test_a_cif_without_roles_is_refused_in_one_line(project, tools, inside, cif, cifs):
    cif(cifs["my_ilmenite"].replace("B1 Ti", "Ti1 Ti")).replace(project / "my.cif")
    for words in (
        ("data", "label", "prototype=my.cif"),
        ("compare", *tools.TINY, *TARGET, "dataset.target.prototype=my.cif"),
    ):
        done = inside(*words, cwd=project)
        assert done.returncode == 2
        assert "cetransfer: prototype my.cif: its site labels (A1, Ti1, X1)" in done.stderr
        assert len(done.stderr.splitlines()) == 1
