"""Labelling as a whole: the same rows whether it ran through, was killed or was repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from cetransfer.compute.chosen import working_on
from cetransfer.datasets.labels import label_prototype
from cetransfer.datasets.labels.settings import LabelSettings
from cetransfer.errors import UserError
from cetransfer.settings import ComputeSettings
from cetransfer.structures.prototypes import PROTOTYPES

pytest.importorskip("chgnet")

ELEMENTS = ("Mg", "Al", "Ti")
MANY = ("Ba", "Ca", "Mg", "Sr", "Zn", "Al", "Sc", "Ti", "V", "Zr")
SCRIPT = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from cetransfer.datasets.labels import label_prototype
label_prototype("spinel", Path(sys.argv[1]), elements=tuple(sys.argv[2].split()))
"""


@pytest.fixture(autouse=True, scope="module")
def here():
    """Label in this process: starting others takes longer than these few rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        yield


def start(folder, elements=ELEMENTS):
    command = [sys.executable, "-c", SCRIPT, str(folder), " ".join(elements)]
    path = os.pathsep.join(sys.path)
    environment = {**os.environ, "PYTHONPATH": path, "LOKY_MAX_CPU_COUNT": "2"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def chunks(folder):
    return sorted(folder.glob(".labels-spinel-*/[A-Z]*.parquet"))


def wait_for(condition, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def descendants(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def wait_until_gone(processes, seconds=10):
    deadline = time.monotonic() + seconds
    while alive := [one for one in processes if is_alive(one)]:
        assert time.monotonic() < deadline, f"{alive} outlived their parent"
        time.sleep(0.05)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return label_prototype("spinel", folder, elements=ELEMENTS)


def test_table_is_sorted_and_complete(whole):
    frame = pd.read_parquet(whole)
    assert list(frame.columns) == [
        *["formula", "A", "B", "X", "lattice_constant", "u", "total_energy", "formation_energy"],
        *["bulk_modulus_gpa", "flag"],
    ]
    pairs = list(zip(frame["A"], frame["B"], strict=True))
    assert pairs == sorted((a, b) for a in ELEMENTS for b in ELEMENTS)
    assert frame.notna().all(axis=None)
    stable = frame.set_index("formula")["formation_energy"]["MgAl2O4"]
    assert stable == pytest.approx(-3.3, abs=0.3)  # Materials Project: -3.29 eV/atom
    elements = pd.read_parquet(whole.with_name("surrogate_elements.parquet"))
    assert list(elements["element"]) == ["Al", "Mg", "O", "Ti"]
    assert not list(whole.parent.glob(".*"))


@pytest.mark.slow
def test_killed_run_goes_on_without_losing_or_changing_a_row(whole, tmp_path):
    with start(tmp_path) as process:
        wait_for(lambda: chunks(tmp_path), process)
        workers = descendants(process.pid)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "surrogate_spinel.parquet").exists()
    wait_until_gone(workers)
    kept = len(chunks(tmp_path))
    assert 0 < kept <= len(ELEMENTS)

    with start(tmp_path) as again:
        _, messages = again.communicate(timeout=60)
    assert again.returncode == 0
    assert f"{kept} rows of the grid are there" in messages
    resumed = tmp_path / "surrogate_spinel.parquet"
    pd.testing.assert_frame_equal(
        pd.read_parquet(resumed), pd.read_parquet(whole), check_exact=True
    )
    assert resumed.read_bytes() == whole.read_bytes()


@pytest.mark.slow
def test_interrupt_ends_cleanly(tmp_path):
    with start(tmp_path, MANY) as process:
        wait_for(lambda: chunks(tmp_path), process)
        workers = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode != 0
    wait_until_gone(workers)
    for path in chunks(tmp_path):
        assert len(pd.read_parquet(path)) == len(MANY)


@pytest.mark.slow
def test_labels_of_a_cluster_are_the_same_though_a_worker_is_killed(whole, tmp_path, dask_cluster):
    def kill_one():
        deadline = time.monotonic() + 60
        while not chunks(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(next(iter(dask_cluster.workers.values())).pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with working_on(ComputeSettings("dask", address=dask_cluster.scheduler_address)):
        path = label_prototype("spinel", tmp_path, elements=ELEMENTS)
    killer.join()
    assert path.read_bytes() == whole.read_bytes()


def test_finished_table_is_not_computed_again(whole, monkeypatch):
    before = whole.stat().st_mtime_ns
    monkeypatch.setattr("cetransfer.datasets.labels.run.in_parts", None)
    assert label_prototype("spinel", whole.parent, elements=ELEMENTS) == whole
    assert whole.stat().st_mtime_ns == before


def test_chunks_of_another_configuration_are_not_taken_up(tmp_path):
    stale = tmp_path / ".labels-perovskite-000000000000"
    stale.mkdir()
    (stale / "Mg.parquet").write_bytes(b"not a table")
    path = label_prototype("perovskite", tmp_path, elements=("Mg",))
    assert len(pd.read_parquet(path)) == 1
    assert stale.exists()


@pytest.mark.parametrize(
    ("prototype", "elements", "formula", "measured"),
    [
        # measured: lattice constant in angstrom and the ratio c/a where there is one
        ("rocksalt", ("Ca", "Mg"), "MgO", (4.212, None)),
        ("fluorite", ("Ce", "Zr"), "CeO2", (5.411, None)),
        ("rutile", ("Sn", "Ti"), "TiO2", (4.594, 0.644)),
        pytest.param("pyrochlore", ("Ti", "Y"), "Y2Ti2O7", (10.09, None), marks=pytest.mark.slow),
        pytest.param("k2nif4", ("Sr", "Ti"), "Sr2TiO4", (3.886, 3.242), marks=pytest.mark.slow),
        ("double_perovskite", ("Ba", "Mg"), "Ba2MgMgO6", (None, None)),
    ],
)
def test_every_prototype_is_labelled(tmp_path, prototype, elements, formula, measured):
    path = label_prototype(prototype, tmp_path, elements=elements)
    frame = pd.read_parquet(path)
    found = PROTOTYPES[prototype]
    sites = len(found.roles) - 1
    assert len(frame) == 2**sites
    assert list(frame.columns) == [
        *["formula", *found.roles, "lattice_constant", *dict(found.parameters)],
        *["total_energy", "formation_energy", "bulk_modulus_gpa", "flag"],
    ]
    row = frame.set_index("formula").loc[formula]
    assert row["flag"] == ""
    assert row["formation_energy"] < -1
    lattice_constant, ratio = measured
    if lattice_constant:
        assert row["lattice_constant"] == pytest.approx(lattice_constant, rel=0.02)
    if ratio:
        assert row["c_over_a"] == pytest.approx(ratio, rel=0.02)


def test_a_cif_of_the_perovskite_gets_the_labels_of_the_perovskite(tmp_path, cif):
    own = label_prototype(str(cif("my_perovskite")), tmp_path, elements=("Sr", "Ti"))
    assert own.name == "surrogate_my_perovskite.parquet"
    ours = label_prototype("perovskite", tmp_path, elements=("Sr", "Ti"))
    one, other = pd.read_parquet(own), pd.read_parquet(ours)
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-6)


def test_a_cif_without_a_prototype_of_the_package_is_labelled(tmp_path, cif):
    path = cif("my_ilmenite")
    table = label_prototype(str(path), tmp_path, elements=("Fe", "Ti"))
    frame = pd.read_parquet(table).set_index("formula")
    assert list(frame.index) == ["FeFeO3", "FeTiO3", "TiFeO3", "TiTiO3"]
    assert frame.loc["FeTiO3", "lattice_constant"] == pytest.approx(5.088, rel=0.02)
    assert frame.loc["FeTiO3", "formation_energy"] == frame["formation_energy"][:3].min()
    assert (frame["flag"] == "").all()
    assert frame["formation_energy"].between(-4, -1).all()


def test_another_cif_of_the_same_name_is_labelled_anew(tmp_path, cif):
    path = cif("my_perovskite")
    first = LabelSettings.checked(str(path), ("Mg",))
    moved = tmp_path / "elsewhere" / path.name
    moved.parent.mkdir()
    moved.write_bytes(path.read_bytes())
    assert LabelSettings.checked(str(moved), ("Mg",)).key == first.key
    path.write_text(path.read_text().replace("P m -3 m", "P 4/m m m").replace("c 3.905", "c 4.1"))
    assert LabelSettings.checked(str(path), ("Mg",)).key != first.key


def test_the_key_of_the_versioned_tables_stays():
    # a change here means that the two tables have to be made and versioned again
    assert LabelSettings.checked("spinel", None).key == "64f542a727f3"


@pytest.mark.slow
def test_three_cation_sites_take_the_elements_that_are_given(tmp_path):
    frame = pd.read_parquet(label_prototype("garnet", tmp_path, elements=("Al",)))
    assert list(frame["formula"]) == ["Al3Al2Al3O12"]
    assert {"A", "B", "C", "X", "x", "y", "z"} <= set(frame.columns)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"prototype": "garnit"}, "did you mean garnet.*garnet, k2nif4"),
        ({"prototype": "nowhere.cif"}, "nowhere.cif: No such file"),
        ({"prototype": "garnet", "elements": None}, r"3 cation sites.*elements=\[Ca,Al,Si\]"),
        ({"elements": ("Mg", "Qq")}, "'Qq'"),
        ({"elements": ("Mg", "Mg")}, "more than once"),
        ({"elements": ("Cm",)}, "'Cm'"),
        ({"elements": ()}, "at least one"),
        ({"output_dir": Path("/proc/no")}, "cannot make the folder"),
    ],
)
def test_mistakes_are_named(tmp_path, arguments, word):
    call = {"prototype": "spinel", "output_dir": tmp_path, "elements": ("Mg",), **arguments}
    with pytest.raises(UserError, match=word):
        label_prototype(**call)
    assert not list(tmp_path.iterdir())
