"""The same command on this machine and on a cluster: only the group `compute` changes."""

from __future__ import annotations

import os
import signal
import threading
import time

import pandas as pd
import pytest

OWN = (
    "features",
    "dataset=own",
    "dataset.n_labelled=null",
    "dataset.target.path=my.csv",
    "dataset.target.unit=eV/atom",
    "dataset.target.columns.structure=cell",
)
ROWS = 900


@pytest.fixture
def make(tools, tmp_path):
    """Call with a name to get a project with a table of structures of the user's own."""
    from cetransfer.structures.prototypes import PROTOTYPES

    def made(name):
        project = tools.make_project(tmp_path / name)
        table = pd.read_parquet(project / "data" / "surrogate_perovskite.parquet")
        table = table[(table["flag"] == "") & (table["A"] != table["B"])].head(ROWS)
        table["cell"] = [
            PROTOTYPES["perovskite"]
            .structure({"A": row.A, "B": row.B, "X": "O"}, row.lattice_constant)
            .remove_site_property("role")
            .to_json()
            for row in table.itertuples()
        ]
        table.to_csv(project / "my.csv", index=False)
        return project

    return made


@pytest.mark.slow
def test_a_cluster_gives_the_same_file_though_a_worker_is_killed(make, tools, dask_cluster):
    here, there = make("here"), make("there")
    done = tools.call(*OWN, "compute.workers=2", cwd=here)
    assert done.returncode == 0, done.stderr

    def kill_one():
        parts = there / "outputs" / "structures"
        deadline = time.monotonic() + 60
        while not list(parts.glob("[!.]*.npz")) and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(next(iter(dask_cluster.workers.values())).pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    address = f"compute.address={dask_cluster.scheduler_address}"
    done = tools.call(*OWN, "compute=dask", address, cwd=there)
    killer.join()
    assert done.returncode == 0, done.stderr
    assert f"reading {ROWS} structures: 5 parts" in done.stderr
    assert "Traceback" not in done.stderr
    (one,) = (here / "outputs" / "features" / "target").glob("my-*.parquet")
    (other,) = (there / "outputs" / "features" / "target").glob("my-*.parquet")
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compute=dask"], "compute.address has no value; give compute.address=VALUE"),
        (["compute=dask", "compute.address=tcp://127.0.0.1:1"], "no Dask scheduler answers"),
        (["compute=slurm"], "there is no sbatch here; run on a machine that submits to Slurm"),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line(make, tools, words, message):
    done = tools.call(*OWN, *words, cwd=make("project"), PATH="/nowhere")
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("cetransfer: ")
    assert "Traceback" not in done.stderr
