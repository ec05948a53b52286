"""`mlflow models serve`: a registered model answers over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

DATA = Path(__file__).parents[2] / "data"
COMMAND = Path(sys.executable).parent / "cetransfer"
ADDRESS = "models:/cetransfer@champion"
TINY = (
    *("experiment=quick", "network=small", "protocol.folds=3", "training.epochs=3"),
    *("training.source.epochs=2", "dataset=surrogate", "dataset.n_labelled=60"),
    "strategy=[target_only]",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a champion, and what it says of SrTiO3."""
    if not (DATA / "surrogate_spinel.parquet").is_file():
        pytest.skip(f"no labelled tables in {DATA}: run `dvc pull`")
    root = tmp_path_factory.mktemp("served") / "project"
    root.mkdir()
    (root / "dvc.yaml").touch()
    (root / "data").symlink_to(DATA, target_is_directory=True)
    for words in (
        ("compare", *TINY, "output_dir=done"),
        ("promote", "done/models/target_only"),
        ("predict", "champion", "SrTiO3", "BaHfO3", "output=expected.csv"),
    ):
        subprocess.run([COMMAND, *words], cwd=root, check=True, capture_output=True, timeout=300)
    return root


@contextmanager
def served(project, manager, wait, **more):
    """Serve the champion until the end of the block; yields what posts a request to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": f"sqlite:///{project / 'mlruns' / 'mlflow.db'}",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **more,
    }
    words = ["models", "serve", "-m", ADDRESS, "--env-manager", manager, "--port", str(port)]
    with (project / f"{manager}.log").open("wb") as log:
        # a session of its own, so that its end takes the server with it
        running = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words],
            cwd=project,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            asked = asker(f"http://127.0.0.1:{port}")
            until(asked, running, wait, project / f"{manager}.log")
            yield asked
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait(30)


def asker(address):
    opener = build_opener(ProxyHandler({}))

    def ask(path, body=None, kind="application/json"):
        content = body.encode() if isinstance(body, str) else body and json.dumps(body).encode()
        request = Request(f"{address}/{path}", content, {"Content-Type": kind})  # noqa: S310 - http
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    return ask


def until(ask, running, wait, log):
    end = time.monotonic() + wait
    while running.poll() is None and time.monotonic() < end:
        try:
            if ask("ping")[0] == 200:
                return
        except (URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the server did not start:\n{log.read_text()[-3000:]}")


def answers_and_refuses(ask, project):
    """Check an answer, and that what is wrong with a request is its sender's fault."""
    expected = (project / "expected.csv").read_text().splitlines()[1:]
    status, body = ask(
        "invocations", {"dataframe_records": [{"formula": "SrTiO3"}, {"formula": "BaHfO3"}]}
    )
    assert status == 200, body
    for found, line in zip(json.loads(body)["predictions"], expected, strict=True):
        texts = line.split(",")
        assert [found[name] for name in ("formula", "A", "B", "X")] == texts[:4]
        numbers = [found[name] for name in ("formation_energy", "lower", "upper")]
        assert numbers == pytest.approx([float(text) for text in texts[4:7]], abs=1e-5)
        assert [found["applicability"], found["model"]] == texts[7:]
    for request, kind in (
        ({"inputs": ["SrTiO3"]}, "application/json"),
        ("formula\nSrTiO3\n", "text/csv"),
    ):
        status, body = ask("invocations", request, kind)
        assert (status, len(json.loads(body)["predictions"])) == (200, 1), body
    for formula, reason in (
        ("XxTiO3", "'Xx' is no element"),
        ("Sr2TiO4", "it is not of the form ABO3"),
        ("/etc/passwd.csv", "it cannot be read"),
        (None, "there is no formula"),
    ):
        records = [{"formula": "SrTiO3"}, {"formula": formula}]
        status, body = ask("invocations", {"dataframe_records": records})
        assert status == 400, body
        told = json.loads(body)
        assert reason in told["message"]
        assert "row 1" in told["message"]
        assert "Traceback" not in body
    for request in ({"dataframe_records": [{"name": "SrTiO3"}]}, {"dataframe_records": []}, "{"):
        status, body = ask("invocations", request)
        assert status == 400, body


@pytest.mark.slow
def test_the_champion_answers_over_http(project):
    with served(project, "local", 120) as ask:
        answers_and_refuses(ask, project)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pyenv") is None,
    reason="there is no pyenv, which mlflow makes clean environments with",
)
def test_it_answers_from_an_environment_of_its_own_requirements(project, tmp_path):
    place = {"MLFLOW_ENV_ROOT": str(tmp_path), "PYTHONPATH": ""}
    with served(project, "virtualenv", 1200, **place) as ask:
        answers_and_refuses(ask, project)
    (python,) = tmp_path.glob("mlflow-*/bin/python")
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], capture_output=True, check=True, timeout=60
    )
    installed = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
    assert installed["cetransfer"].startswith("0.1.0+")
    assert not installed.keys() & {"mlflow", "pytorch-lightning", "hydra-core", "dvc"}
