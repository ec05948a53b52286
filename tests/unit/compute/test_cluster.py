from __future__ import annotations

import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise

import numpy as np
import pytest

from cetransfer.compute.chosen import working_on
from cetransfer.compute.parts import in_parts
from cetransfer.errors import UserError
from cetransfer.settings import ComputeSettings

pytest.importorskip("distributed", reason="distributed is not installed")

CALLS = 12


def product(number):
    """Sum what depends on the order of additions, so on the number of threads."""
    time.sleep(0.1)
    values = np.random.default_rng(number).normal(size=(300, 300))
    return (values @ values).sum()


def threads(_):
    import torch
    from threadpoolctl import threadpool_info

    return {torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())}


def overlap(_):
    """Tell when a call of this process began and ended."""
    began = time.monotonic()
    time.sleep(0.1)
    return os.getpid(), began, time.monotonic()


def refuse(number):
    raise UserError(f"part {number} cannot be done")


def stumble(_):
    raise AttributeError("a mistake of ours")


def end(_):
    os._exit(1)


def computed(settings, work=product, after=lambda _: None, calls=CALLS):
    """Return what came of each call; `after` is called with the number of those that did."""
    found = {}

    def keep(place, value):
        assert place not in found
        found[place] = value
        after(len(found))

    with working_on(settings):
        in_parts(work, ((number,) for number in range(calls)), keep, calls, "computing")
    return found


def dask(address):
    return ComputeSettings("dask", address=address)


@pytest.fixture
def address(dask_cluster):
    return dask_cluster.scheduler_address


@pytest.fixture(scope="module")
def here():
    return computed(ComputeSettings("local", workers=1))


def test_values_are_the_same_on_one_process_several_and_a_cluster(here, address):
    assert list(here) == list(range(CALLS))
    assert computed(ComputeSettings("local", workers=2)) == here
    assert computed(dask(address)) == here


def test_a_killed_worker_loses_nothing_and_nothing_is_counted_twice(here, dask_cluster):
    killed = []

    def kill_one(finished):
        if finished in (2, 6):
            nanny = next(iter(dask_cluster.workers.values()))
            killed.append(nanny.pid)
            os.kill(nanny.pid, signal.SIGKILL)

    assert computed(dask(dask_cluster.scheduler_address), after=kill_one) == here
    assert len(set(killed)) == 2


def test_every_worker_calculates_in_one_thread(address):
    assert computed(dask(address), threads, calls=1) == {0: {1}}
    assert computed(ComputeSettings("local", workers=2), threads, calls=2) == {0: {1}, 1: {1}}


def test_a_process_does_one_call_at_a_time(scheduler, start_worker):
    start_worker()  # of two threads
    found = computed(dask(scheduler[1]), overlap, calls=4)
    (first, *_) = zip(*found.values(), strict=True)
    assert len(set(first)) == 1
    times = sorted((began, ended) for _, began, ended in found.values())
    assert all(now[1] <= later[0] for now, later in pairwise(times))


def test_what_a_call_refuses_is_passed_on_and_a_mistake_stays_one(address):
    with pytest.raises(UserError, match=r"^part \d cannot be done$"):
        computed(dask(address), refuse)
    with pytest.raises(AttributeError, match="a mistake of ours"):
        computed(dask(address), stumble)


def test_a_part_that_ends_every_worker_is_told_with_the_remedy(address):
    with pytest.raises(UserError, match=r"all died \(out of memory\?\).*more memory.*same command"):
        computed(dask(address), end, calls=1)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)

    def log_message(self, *_):
        """Print nothing."""


def test_an_address_that_nobody_answers_at_is_told_within_seconds():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(UserError, match=rf"compute.address=tcp://127.0.0.1:{free}: no Dask sched"):
        computed(dask(f"tcp://127.0.0.1:{free}"))
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("scheme", ["tcp", "http", ""])
def test_an_address_of_something_else_is_told_with_the_right_one(scheme, monkeypatch):
    monkeypatch.setattr("cetransfer.compute.cluster.ANSWER", 1)
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with pytest.raises(UserError, match=r"no Dask scheduler answers \(.+\); give the address"):
            computed(dask(f"{scheme}://127.0.0.1:{server.server_address[1]}"))
        server.shutdown()


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("import cetransfer; cetransfer.__version__ = '0.0.9'", r"has cetransfer 0\.0\.9, this is"),
        ("import sys; sys.modules['cetransfer'] = None", r"has no cetransfer, or another one"),
        (
            "import sys, cetransfer; sys.modules['cetransfer.compute'] = None",
            r"has no cetransfer, or another one",
        ),
    ],
)
def test_a_worker_without_our_version_is_named_with_the_remedy(
    scheduler, start_worker, before, words
):
    start_worker(before)
    with pytest.raises(UserError, match=rf"{words}.*install"):
        computed(dask(scheduler[1]))


def test_a_scheduler_that_ends_is_told(scheduler, start_worker):
    start_worker()
    process, address = scheduler
    with pytest.raises(UserError, match=rf"{address} went away; finished parts are kept"):
        computed(dask(address), after=lambda finished: finished == 2 and process.kill(), calls=50)


def test_a_cluster_without_workers_is_waited_for(scheduler, start_worker, monkeypatch, capsys):
    monkeypatch.setattr("cetransfer.compute.cluster.PATIENCE", 0.2)
    late = threading.Timer(1, start_worker)
    late.start()
    assert len(computed(dask(scheduler[1]), calls=3)) == 3
    late.join()
    assert capsys.readouterr().err.count("there is no worker at") == 1


def test_what_to_install_is_told(monkeypatch):
    monkeypatch.setattr("cetransfer.compute.cluster.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"distributed.*pip install 'cetransfer\[cluster\]'"):
        computed(dask("tcp://127.0.0.1:1"))
