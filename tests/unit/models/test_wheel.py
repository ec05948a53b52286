from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from cetransfer.models import wheel as module
from cetransfer.models.environment import NEEDED, SERVER, requirements
from cetransfer.models.wheel import write_wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return write_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_same_code_is_the_same_wheel_and_other_code_another_version(
    wheel, tmp_path, monkeypatch
):
    again = write_wheel(tmp_path)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()
    package = tmp_path / "src" / "cetransfer"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.setattr(module, "PACKAGE", package)
    assert write_wheel(tmp_path).name != wheel.name


def test_it_holds_the_code_and_its_tables_and_asks_for_what_predicting_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        told = archive.read(metadata).decode()
    assert "cetransfer/models/pyfunc.py" in names
    assert any(name.startswith("cetransfer/features/data/") for name in names)
    assert not [name for name in names if "__pycache__" in name]
    assert not [name for name in names if name.startswith(("cetransfer/conf/", "cetransfer/data/"))]
    needed = [line.split()[1] for line in told.splitlines() if line.startswith("Requires-Dist")]
    assert needed == list(NEEDED)


def test_pip_installs_it_and_what_it_installs_is_imported(wheel, tmp_path):
    place = tmp_path / "place"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", place, wheel], check=True, timeout=120)
    asked = "import cetransfer, cetransfer.models.pyfunc; print(cetransfer.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={"PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == str(place / "cetransfer" / "__init__.py")


def test_requirements_are_exact_and_hold_no_training_no_tracking_and_no_address():
    found = requirements()
    names = {line.split("==")[0] for line in found}
    assert {*NEEDED, SERVER} <= names
    assert not names & {"mlflow", "pytorch-lightning", "hydra-core", "optuna", "sqlalchemy"}
    assert all(line.count("==") == 1 for line in found)
    assert not [line for line in found if "+" in line or "/" in line or line.startswith("-")]
