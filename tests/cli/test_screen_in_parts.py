"""A million candidates and more: killed again and again, the same command ends with the same."""

from __future__ import annotations

import json

import pandas as pd
import pytest

ELEMENTS = (
    "Ag,Al,As,Au,B,Ba,Be,Bi,Ca,Cd,Ce,Co,Cr,Cs,Cu,Fe,Ga,Ge,Hf,Hg,In,Ir,K,La,Li,Mg,Mn,Mo,Na,Nb,Ni,"
    "Pb,Pd,Pt,Rb,Rh,Ru,Sb,Sc,Si,Sn,Sr,Ta,Ti,Tl,V"
)
WORDS = ("screen", "space=aabbo6", f"space.elements=[{ELEMENTS}]", "shown=2")
COUNT = 1035 * 1035


def found(folder):
    table = pd.read_parquet(folder / "candidates.parquet", columns=["formula", "probability"])
    return json.loads((folder / "screen.json").read_text()), table


@pytest.mark.slow
def test_a_killed_screening_goes_on_and_holds_every_row_once(copy_of_first, tools, tmp_path):
    project = copy_of_first(tmp_path / "project")
    model = next((project / "outputs" / "compare").glob("*/models/fine_tune"))
    words = (*WORDS, f"model={model}")
    assert tools.call(*words, "output_dir=whole", cwd=project).returncode == 0
    assert tools.kill_until_done((*words, "output_dir=killed"), project, first=8.0)
    document, table = found(project / "killed")
    expected, expected_table = found(project / "whole")
    assert document["funnel"] == expected["funnel"]
    assert len(table) == COUNT
    assert table["formula"].is_unique
    pd.testing.assert_frame_equal(table, expected_table)
    assert not list((project / "killed").glob(".*"))


@pytest.mark.slow
def test_a_cluster_judges_the_same(copy_of_first, tools, tmp_path, dask_cluster):
    project = copy_of_first(tmp_path / "project")
    model = next((project / "outputs" / "compare").glob("*/models/fine_tune"))
    words = (*WORDS, f"model={model}")
    cluster = ("compute=dask", f"compute.address={dask_cluster.scheduler_address}")
    for where in ((), cluster):
        done = tools.call(*words, *where, f"output_dir=out{len(where)}", cwd=project)
        assert done.returncode == 0, done.stderr
    here, there = (found(project / name) for name in ("out0", "out2"))
    assert here[0]["funnel"] == there[0]["funnel"]
    pd.testing.assert_frame_equal(here[1], there[1])
