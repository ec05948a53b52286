from __future__ import annotations

import os

import pytest

from cetransfer.compute.parts import side_by_side
from cetransfer.errors import UserError


def write(folder, name):
    """Work that keeps who did it."""
    (folder / name).write_text(str(os.getpid()))


def refuse(_, name):
    raise UserError(f"{name} cannot be done")


def end(*_):
    os._exit(1)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call with work and a number of cores to run it twice; returns the processes that did it."""

    def twice(work, cores):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", str(cores))
        calls = [(tmp_path, name) for name in "ab"]
        side_by_side(work, calls, lambda: len(list(tmp_path.iterdir())), 2, "writing", "files")
        return {int(path.read_text()) for path in tmp_path.iterdir()}

    return twice


@pytest.mark.parametrize(("cores", "here"), [(1, True), (2, False)])
def test_calls_run_here_on_one_core_and_in_processes_on_several(run, cores, here, capsys):
    assert (os.getpid() in run(write, cores)) is here
    assert capsys.readouterr().err.splitlines()[0] == "writing: 2 files"


@pytest.mark.parametrize("cores", [1, 2])
def test_what_a_call_refuses_is_passed_on(run, cores):
    with pytest.raises(UserError, match=r"^[ab] cannot be done$"):
        run(refuse, cores)


def test_a_process_that_ends_early_is_told_with_the_remedy(run):
    with pytest.raises(UserError, match=r"^a worker process ended early.*run the same"):
        run(end, 2)
