"""Fixtures that several test folders share."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.elements import ELEMENTS_73

# as the command does: spinning threads beside any other busy process slow a fit down many times
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder with copies of the public data files."""
    named = os.environ.get("CETRANSFER_MIRROR")
    if not named:
        pytest.skip("CETRANSFER_MIRROR is not set: no released data to test with")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"CETRANSFER_MIRROR={named} is not a folder: no released data to test with")
    return folder


@pytest.fixture(scope="session")
def postgresql():
    """Run a PostgreSQL of the session's own; gives the address of an empty database.

    A user `guarded`, if one is made, has to give a password.
    """
    found = shutil.which("initdb")
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    initdb = Path(found) if found else max(debian, key=lambda path: path.parts[-3], default=None)
    if initdb is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    # it refuses to run as root
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    owner = {"user": user, "group": pwd.getpwnam(user).pw_gid} if os.getuid() == 0 else {}
    # not pytest's own folder, which no other user may enter; a socket's path must be short
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(program, *words):
        words = [initdb.with_name(program), "-D", folder / "data", *words]
        log = folder / "log"
        with log.open("a") as stream:
            done = subprocess.run(
                words, cwd=folder, stdout=stream, stderr=stream, check=False, **owner
            )
        assert done.returncode == 0, log.read_text()

    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    try:
        call("initdb", "-A", "trust", "-U", "cetransfer", "-E", "UTF8", "--locale=C", "-N")
        access = folder / "data" / "pg_hba.conf"
        access.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{access.read_text()}")
        call("pg_ctl", "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://cetransfer@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def dask_cluster():
    """Run a Dask cluster of two workers, which are started again when they die."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
    ) as cluster:
        yield cluster


CIFS = Path(__file__).parent / "cifs"


@pytest.fixture(scope="session")
def cifs() -> dict[str, str]:
    """Texts of CIF files with site roles, by name."""
    return {path.stem: path.read_text() for path in CIFS.glob("*.cif")}


@pytest.fixture
def cif(tmp_path, cifs):
    """Call with a name of `cifs`, or a text or bytes and a name, to get the path of a file."""

    def written(content, name="my"):
        if content in cifs:
            content, name = cifs[content], content
        path = tmp_path / f"{name}.cif"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


class MaterialsProject(ThreadingHTTPServer):
    """A service that speaks the format of the Materials Project's API, as far as it is asked.

    Written after the service's public source, github.com/materialsproject/emmet (emmet-api: the
    resource `materials/summary`, its query operators and its heartbeat): entries under ``data``,
    their number under ``meta.total_doc``, pages by ``_skip`` and ``_limit``, ``_fields`` choosing
    what is told of an entry, status 400 for an unknown parameter.
    """

    KEY = "k3y" + "x" * 29
    VERSION = "2025.09.25"
    MOST = 1000

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.entries = []
        self.asked = []
        self.instead = {}
        """Status and body to be sent for a path in place of the right answer."""

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, identifier, formula, group, energy, above_hull=0.0, **other):
        """Add an entry as the service has it."""
        from pymatgen.core import Composition

        composition = Composition(formula)
        self.entries.append(
            {
                "material_id": identifier,
                "formula_pretty": composition.reduced_formula,
                "formula_anonymous": composition.anonymized_formula,
                "chemsys": composition.chemical_system,
                "symmetry": {"crystal_system": "Cubic", "number": group, "symprec": 0.1},
                "formation_energy_per_atom": energy,
                "energy_above_hull": above_hull,
                "deprecated": False,
                "batch_id": None,
                **other,
            }
        )

    def answer(self, path, asked, key):
        """Return status and body."""
        if path in self.instead:
            return self.instead[path]
        if path == "/heartbeat":
            told = {"status": "OK", "version": "0.86.4", "db_version": self.VERSION}
            return 200, {**told, "access_controlled_batch_ids": ["gnome_r2scan_statics"]}
        if path == "/materials/summary/" and key == self.KEY:
            return self._summary(asked)
        return 401, {"message": f"Unauthorized: {path} {key}"}

    def _summary(self, asked):
        conditions = [self._condition(*one) for one in asked.items() if one[0] not in PAGING]
        if None in conditions:
            return 400, {
                "detail": f"Request contains query parameters which cannot be used: {asked}"
            }
        found = [entry for entry in self.entries if all(fits(entry) for fits in conditions)]
        skip, limit = int(asked.get("_skip", 0)), int(asked.get("_limit", 100))
        if limit > self.MOST:
            return 422, {"detail": [{"loc": ["query", "_limit"], "msg": "too large"}]}
        fields = asked["_fields"].split(",")
        page = [{name: entry[name] for name in fields} for entry in found[skip : skip + limit]]
        return 200, {"data": page, "meta": {"api_version": "0.86.4", "total_doc": len(found)}}

    @staticmethod
    def _condition(name, value):
        from pymatgen.core import Composition

        def in_system(entry):
            elements = entry["chemsys"].split("-")
            return any(
                len(system) == len(elements) and set(system) - {"*"} <= set(elements)
                for system in (each.split("-") for each in value.split(","))
            )

        return {
            "formula": lambda entry: (
                entry["formula_anonymous"] == Composition(value).anonymized_formula
            ),
            "chemsys": in_system,
            "spacegroup_number": lambda entry: entry["symmetry"]["number"] == int(value),
            "deprecated": lambda entry: entry["deprecated"] == (value == "True"),
            "batch_id_not_eq": lambda entry: entry["batch_id"] != value,
        }.get(name)


PAGING = {"_skip", "_limit", "_fields"}


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query))
        self.server.asked.append((url.path, asked))
        status, body = self.server.answer(url.path, asked, self.headers.get("x-api-key"))
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture
def materials_project(monkeypatch):
    """Run a local Materials Project, empty, and direct the library and its user's key to it."""
    client = pytest.importorskip("mp_api.client", reason="mp-api is not installed")
    # it keeps what a server said of itself by address, and a port may serve a second test
    client.MPRester._get_heartbeat_info.cache_clear()  # noqa: SLF001
    client.MPRester.get_emmet_version.cache_clear()
    with MaterialsProject() as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("MP_API_ENDPOINT", running.endpoint)
        monkeypatch.setenv("MP_API_KEY", running.KEY)
        yield running
        running.shutdown()


class MlflowServer:
    """A real `mlflow server` with a store of its own, to be stopped and started again."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self):
        return self.folder / "server.db"

    def artifacts(self, experiment_id, run_id):
        """Return where the artifacts of a run lie."""
        return self.folder / "artifacts" / experiment_id / run_id / "artifacts"

    def start(self):
        """Start it where it was stopped, and wait until it answers."""
        words = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port)]
        words += ["--backend-store-uri", f"sqlite:///{self.database}"]
        words += ["--artifacts-destination", str(self.folder / "artifacts"), "--workers", "1"]
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                words,
                cwd=self.folder,
                env={**kept, "MLFLOW_DISABLE_TELEMETRY": "true"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(1500):
            try:
                with urlopen(f"{self.address}/health", timeout=5) as answer:  # noqa: S310 - http
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self):
        """End it at once, with all of its processes."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def mlflow_server(tmp_path_factory):
    """Return a server that is not started yet."""
    made = MlflowServer(tmp_path_factory.mktemp("server"))
    yield made
    made.stop()


def clean_table(prototype="spinel", *, totals=True, seed=0):
    """Make a table whose energies follow from smooth element terms and a little noise."""
    from cetransfer.datasets.audit.prediction import neighbour_kernel
    from cetransfer.structures.prototypes import prototype_named

    elements = ELEMENTS_73[:30]
    random = np.random.default_rng(seed)
    root = np.linalg.cholesky(neighbour_kernel(elements) + 0.05 * np.eye(len(elements)))
    on_a, on_b, reference = 0.4 * (root @ random.normal(size=(len(elements), 3))).T
    i, j = np.divmod(np.arange(len(elements) ** 2), len(elements))
    counts = prototype_named(prototype).counts
    shares = [counts[site] / sum(counts.values()) for site in "AB"]
    energy = -1.8 + on_a[i] + on_b[j] + 0.05 * random.normal(size=len(i))
    energy = np.clip(energy, -4.4, None)
    frame = pd.DataFrame({"A": np.array(elements)[i], "B": np.array(elements)[j], "X": "O"})
    rows = frame.to_dict("records")
    frame.insert(0, "formula", [prototype_named(prototype).formula(row) for row in rows])
    frame["formation_energy"] = energy
    if totals:
        frame["total_energy_per_atom"] = (
            energy - 6 + shares[0] * reference[i] + shares[1] * reference[j]
        )
    return frame


@pytest.fixture(scope="session")
def clean():
    """Call with a prototype to get a table of 900 rows without a fault."""
    return clean_table


WORKER = "from distributed.cli.dask_worker import main; main()"


@pytest.fixture
def scheduler(tmp_path):
    """Run a Dask scheduler; gives its process and address."""
    log = tmp_path / "scheduler.log"
    words = ["--port", "0", "--host", "127.0.0.1", "--no-dashboard"]
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", *words], stderr=stream
        ) as process,
    ):
        deadline = time.monotonic() + 30
        while "Scheduler at:" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        time.sleep(0.05)
        (address,) = (
            line.split()[-1] for line in log.read_text().splitlines() if "Scheduler at:" in line
        )
        yield process, address
        process.kill()


@pytest.fixture
def start_worker(scheduler):
    """Call with Python code, which runs before a worker of the scheduler does."""
    started = []

    def start(before=""):
        words = [scheduler[1], "--no-nanny", "--no-dashboard", "--nthreads", "2"]
        process = subprocess.Popen(
            [sys.executable, "-c", f"{before}\n{WORKER}", *words], stderr=subprocess.DEVNULL
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
