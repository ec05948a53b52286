"""A comparison on the user's own CIF files, and what a killed run leaves behind."""

from __future__ import annotations

import signal
import time

import numpy as np
import pandas as pd
import pytest

LIMIT = 120.0
STRUCTURES = (
    "dataset=own",
    "dataset.n_labelled=null",
    "dataset.target.path=my.csv",
    "dataset.target.structures=cifs",
    "dataset.target.columns.structure=file",
)

# perovskite of Pm-3m, its five sites written out
CIF = """data_{a}{b}O3
_symmetry_space_group_name_H-M 'P 1'
_cell_length_a {size}
_cell_length_b {size}
_cell_length_c {size}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_label
{a} 0 0 0 A
{b} 0.5 0.5 0.5 B
O 0.5 0.5 0 X1
O 0.5 0 0.5 X2
O 0 0.5 0.5 X3
"""


def write(project, number):
    """Write perovskites with their CIF files; return the table."""
    table = pd.read_parquet(project / "data" / "surrogate_perovskite.parquet")
    table = table[(table["flag"] == "") & (table["A"] != table["B"])]
    table = table.sample(number, random_state=0).reset_index(drop=True)
    (project / "cifs").mkdir()
    for row in table.itertuples():
        text = CIF.format(a=row.A, b=row.B, size=row.lattice_constant)
        (project / "cifs" / f"{row.Index}.cif").write_text(text)
    table["file"] = table.index
    table["batch"] = table.index % 4
    table.to_csv(project / "my.csv", index=False)
    return table


@pytest.fixture
def project(tools, tmp_path):
    return tools.make_project(tmp_path / "project")


def test_a_folder_of_cif_files_is_compared_to_the_end(project, tools, inside):
    table = write(project, 60)
    (project / "cifs" / "7.cif").write_text("data_broken\n")
    words = (*tools.TINY, *STRUCTURES, "dataset.target.unit=eV/atom", "features.shells=2")
    words = (*words, "dataset.target.columns.group=batch", "output_dir=out")
    refused = inside("compare", *words, cwd=project)
    assert refused.returncode == 2
    assert "my.csv: 1 of 60 rows cannot be used: row 8" in refused.stderr
    assert "structure 7: it is no readable CIF" in refused.stderr
    done = inside("compare", *words, "dataset.target.on_bad_rows=drop", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "features from 59 structures" in done.stderr
    result = tools.read(project / "out")
    assert result.document["quantity"] == "formation_energy"
    assert result.document["unit"] == "eV/atom"
    assert any("(on_bad_rows=drop): 1 of 60 rows" in note for note in result.document["notes"])
    scored = result.predictions.drop_duplicates("row").set_index("row").sort_index()
    assert len(scored) == 59
    same = table.drop(index=7).set_index(scored.index)
    assert scored["compound"].tolist() == same["formula"].tolist()
    assert scored["group"].tolist() == same["batch"].astype(str).tolist()
    assert scored["formation_energy"].to_numpy() == pytest.approx(same["formation_energy"])


def test_another_quantity_is_compared_in_its_own_unit(project, tools, inside):
    write(project, 60)
    table = pd.read_parquet(project / "data" / "surrogate_spinel.parquet")
    table[table["flag"] == ""].sample(200, random_state=0).to_csv(project / "source.csv")
    words = (*tools.TINY, *STRUCTURES, "dataset.target.columns.energy=bulk_modulus_gpa")
    words = (*words, "dataset.target.unit=GPa", "dataset.target.quantity=bulk_modulus")
    refused = inside("compare", *words, cwd=project)
    assert refused.returncode == 2
    assert "source surrogate_spinel holds formation_energy in eV/atom, target my" in refused.stderr
    source = [
        "dataset/source=[tabular]",
        "dataset.sources.tabular.path=source.csv",
        "dataset.sources.tabular.prototype=spinel",
        "dataset.sources.tabular.columns.energy=bulk_modulus_gpa",
        "dataset.sources.tabular.unit=GPa",
        "dataset.sources.tabular.quantity=bulk_modulus",
    ]
    done = inside("compare", *words, *source, "output_dir=out", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "mean absolute error, GPa" in done.stdout
    assert "eV/atom" not in done.stdout
    result = tools.read(project / "out")
    assert (result.document["quantity"], result.document["unit"]) == ("bulk_modulus", "GPa")
    assert result.predictions["bulk_modulus"].between(1, 500).all()
    assert "formation_energy" not in result.predictions


@pytest.mark.slow
def test_after_a_kill_the_same_command_goes_on_to_the_same_features(project, tools, tmp_path):
    write(project, 1000)
    words = ("features", *STRUCTURES, "dataset.target.unit=eV/atom")
    process = tools.start(*words, cwd=project)
    cache = project / "outputs" / "structures"
    end = time.monotonic() + LIMIT
    while not list(cache.glob("[!.]*.npz")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not list((project / "outputs" / "features" / "target").glob("my-*.parquet"))

    done = tools.call(*words, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "of 5 parts are there already" in done.stderr
    undisturbed = tools.make_project(tmp_path / "undisturbed")
    write(undisturbed, 1000)
    again = tools.call(*words, cwd=undisturbed)
    assert again.returncode == 0, again.stderr
    assert "already" not in again.stderr
    (one,) = (project / "outputs" / "features" / "target").glob("my-*.parquet")
    (other,) = (undisturbed / "outputs" / "features" / "target").glob("my-*.parquet")
    assert one.name == other.name
    pd.testing.assert_frame_equal(pd.read_parquet(one), pd.read_parquet(other), check_exact=True)
    assert np.isfinite(pd.read_parquet(one).iloc[:, 4:].to_numpy()).all()
