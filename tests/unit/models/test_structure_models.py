"""Models of structures, and of a prototype of the user's own."""

from __future__ import annotations

import dataclasses
import json

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from cetransfer.datasets.dataset import Dataset
from cetransfer.errors import UserError
from cetransfer.evaluation.case import Case
from cetransfer.evaluation.comparison import compare
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.splits import make_members
from cetransfer.features.domain import Domain
from cetransfer.features.environment import featurize
from cetransfer.features.grid import featurize_grid
from cetransfer.features.schema import feature_schema
from cetransfer.models.load import load
from cetransfer.models.pyfunc import Served
from cetransfer.structures.packed import pack
from cetransfer.structures.prototypes import PROTOTYPES, prototype_named
from cetransfer.tracking.package import write_package

from .conftest import NUMBERS, TINY

pytestmark = pytest.mark.usefixtures("mean_only")


def frame_of():
    pairs = [(a, b) for a in NUMBERS for b in NUMBERS]
    return pd.DataFrame(
        {
            "formula": [f"{a}{b}O3" for a, b in pairs],
            "A": [a for a, _ in pairs],
            "B": [b for _, b in pairs],
            "X": "O",
            "formation_energy": [NUMBERS[a] * NUMBERS[b] - 1.0 for a, b in pairs],
        }
    )


def model_of(settings, data, features, root):
    """Return the model of fine_tune on data that are their own source."""
    target = Domain(data, (features.astype(np.float32),))
    source = Domain(dataclasses.replace(data, name="source"), target.views)
    layout = make_protocol(settings).layout(data, settings)
    members = make_members(layout.splits, settings.protocol.members)
    case = Case((source,), target, feature_schema(settings.features), layout, members, {})
    result = compare(settings, case, root, root / "partial")
    return result, result.models["fine_tune"]


@pytest.fixture
def settings(compose):
    return compose(*TINY, "strategy=[target_only,fine_tune]")


@pytest.mark.parametrize("prototype", [None, "perovskite"])
def test_a_model_of_structures_takes_crystals_each_with_its_own_features(
    settings, tmp_path, prototype
):
    settings.features.shells = 2
    cell = PROTOTYPES["perovskite"].structure
    frame = frame_of()
    rows = frame[["A", "B", "X"]].to_dict("records")
    structures = [cell(row, 3.8 + 0.01 * i) for i, row in enumerate(rows)]
    data = Dataset("own", frame, prototype, {"own.csv": "0" * 64}, structures=pack(structures))
    result, folder = model_of(settings, data, featurize(structures, settings.features), tmp_path)
    model = load(folder)
    told = result.intervals
    told = told[told["strategy"] == "fine_tune"]
    table = model.predict(structures)
    found = table.iloc[(told["row"] - 1).to_numpy()]
    # the networks see the rows in another order
    np.testing.assert_allclose(found["formation_energy"], told["prediction"], atol=1e-6)
    assert set(table["applicability"]) <= {"ok", "out_of_range"}
    structures[1].to(filename=str(tmp_path / "second.cif"))
    assert model.predict([tmp_path / "second.cif", structures[5]])["B"].tolist() == ["Be", "K"]
    structures[0].to(filename=str(tmp_path / "first.cif"))
    if prototype is None:
        with pytest.raises(UserError, match=r"first\.cif: it has no site of role B"):
            model.predict(tmp_path / "first.cif")
    for words in (["LiBeO3"], [frame]):
        with pytest.raises(UserError, match=r"trained on structures; give CIF files"):
            model.predict(words)
    write_package(folder, tmp_path / "package", {})
    served = mlflow.pyfunc.load_model(str(tmp_path / "package"))
    assert served.metadata.get_input_schema().input_names() == ["cif"]
    text = (tmp_path / "second.cif").read_text()
    assert served.predict(pd.DataFrame({"cif": [text]}))["B"].tolist() == ["Be"]
    with pytest.raises(MlflowException, match="structure 2: ") as refusal:
        Served(model).predict(pd.DataFrame({"cif": [text, "no crystal"]}))
    assert refusal.value.get_http_status_code() == 400


def test_a_prototype_of_the_users_own_goes_along(settings, cif, tmp_path):
    path = cif("my_ilmenite")
    prototype = prototype_named(str(path))
    frame = frame_of()
    features = featurize_grid(prototype, frame, settings.features)
    data = Dataset("own", frame, str(path), {"own.csv": "0" * 64})
    result, folder = model_of(settings, data, features, tmp_path)
    path.unlink()
    assert sorted(each.name for each in folder.iterdir()) == [
        "model.json",
        "my_ilmenite.cif",
        "target.safetensors",
    ]
    told = result.intervals
    told = told[told["strategy"] == "fine_tune"].set_index("compound")
    found = load(folder).predict(frame["formula"].tolist()).set_index("formula").loc[told.index]
    np.testing.assert_array_equal(found["lower"], told["lower"])
    write_package(folder, tmp_path / "package", {})
    served = mlflow.pyfunc.load_model(str(tmp_path / "package"))
    assert len(served.predict(served.input_example)) == 1
    (folder / "my_ilmenite.cif").write_text("data_other")
    with pytest.raises(UserError, match=r"my_ilmenite\.cif was changed"):
        load(folder)
    assert json.loads((folder / "model.json").read_text())["prototype"]["name"] == "my_ilmenite"
