from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from cetransfer.errors import UserError
from cetransfer.models.environment import NEEDED
from cetransfer.models.load import load
from cetransfer.models.pyfunc import Served, _load_pyfunc


@pytest.fixture
def served(folder):
    return _load_pyfunc(str(folder))


def request(*formulas):
    return pd.DataFrame({"formula": list(formulas)}, dtype=object)


def refusal(served, *formulas):
    with pytest.raises(MlflowException) as caught:
        served.predict(request(*formulas))
    assert caught.value.get_http_status_code() == 400
    return caught.value.message


def test_it_answers_what_the_model_predicts(served, folder):
    answer = served.predict(request("NaAlO3", "KScO3"))
    expected = load(folder).predict(["NaAlO3", "KScO3"])
    assert list(answer) == list(expected)
    assert answer["formation_energy"].tolist() == expected["formation_energy"].tolist()
    assert answer["applicability"].tolist() == expected["applicability"].tolist()


@pytest.mark.parametrize("bad", ["XxAlO3", "Na2AlO4", "", None, float("nan"), 3, "rock"])
def test_a_bad_formula_is_status_400_and_says_which(served, bad):
    told = refusal(served, "NaAlO3", bad)
    assert "row 1" in told
    assert "Traceback" not in told


def test_a_request_without_rows_is_refused(served):
    assert "has no rows" in refusal(served)


def test_a_formula_is_never_the_name_of_a_file(served, tmp_path):
    table = tmp_path / "secret.csv"
    table.write_text("formula\nNaAlO3\n")
    assert "secret.csv" in refusal(served, str(table))


def test_an_interval_without_end_is_null_and_not_invalid_json(folder):
    model = dataclasses.replace(load(folder), calibration=None)
    answer = Served(model).predict(request("NaAlO3"))
    told = json.dumps(answer.to_dict(orient="records"), allow_nan=False)
    assert json.loads(told)[0]["lower"] is None


def test_a_changed_byte_is_not_served(folder):
    with (folder / "target.safetensors").open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(UserError, match="was changed"):
        _load_pyfunc(str(folder))


def test_loading_and_predicting_import_what_is_declared_and_neither_mlflow_nor_lightning(compared):
    folders = [str(folder) for folder in compared().result.models.values()]
    script = (
        "import sys, json, pandas as pd\n"
        "from cetransfer.models.pyfunc import _load_pyfunc\n"
        f"for folder in {folders!r}:\n"
        "    _load_pyfunc(folder).predict(pd.DataFrame({'formula': ['NaAlO3']}))\n"
        "print(json.dumps(sorted(name.split('.')[0] for name in sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300
    )
    imported = set(json.loads(done.stdout))
    assert not imported & {"mlflow", "lightning", "pytorch_lightning", "hydra", "sqlalchemy"}
    owners = importlib.metadata.packages_distributions()
    packages = {name for module in imported for name in owners.get(module, [])} - {"cetransfer"}
    assert packages <= _with_all_they_need(NEEDED) | OPTIONAL


OPTIONAL = {
    *("dill", "pydot", "msgpack", "nvidia-ml-py", "nvidia-ml-py3", "pymatgen-io-validation"),
    "wcwidth",
}
"""Imported by others where they happen to be there."""


def _with_all_they_need(names):
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if distribution.name in found:
            continue
        found.add(distribution.name)
        waiting += [re.match(r"[\w.-]+", each).group() for each in distribution.requires or ()]
    return found
