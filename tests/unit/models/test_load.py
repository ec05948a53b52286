"""A stored model predicts what its comparison predicted, and runs nothing that it holds."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import cetransfer
from cetransfer.errors import UserError
from cetransfer.evaluation.comparison import compare
from cetransfer.evaluation.predictions import member_predictions
from cetransfer.models import folder as files
from cetransfer.models.load import load

from .conftest import KINDS, NUMBERS

#: kernels are sums of doubles, whose order depends on how the memory lies
EXACT = {"kernel_head": 1e-12, "profile_kernel": 1e-12}
VARIANTS = {
    "as it is": (),
    "reference per element": ("dataset.reference=per_element",),
    "both site orders": ("dataset.site_order=both",),
    "repeated": ("protocol.repeats=2",),
    "all labelled": ("dataset.n_labelled=null",),
    "draws": ("protocol=draws", "protocol.draws=3", "dataset.n_labelled=12"),
}


def seal_again(folder, **changes):
    """Change the description and make all hashes right again."""
    about = {**json.loads((folder / "model.json").read_text()), **changes}
    (folder / "model.json").unlink()
    for name in ("format", "files", "id"):
        about.pop(name, None)
    return files.seal(folder, about)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_member_predicts_what_it_predicted_in_the_comparison(compared, kind, variant):
    made = compared(*VARIANTS[variant])
    model = load(made.result.models[kind])
    table = made.result.predictions
    own = table[(table["strategy"] == kind) & (table["repeat"] == 0)].reset_index(drop=True)
    members = [member for member in made.case.members if member.split.repeat == 0]
    again = member_predictions(kind, made.case, model.of_members(made.case.target), members)
    assert (again["compound"] == own["compound"]).all()
    np.testing.assert_allclose(
        again["prediction"], own["prediction"], rtol=0, atol=EXACT.get(kind, 0)
    )


@pytest.mark.parametrize("variant", ["as it is", "both site orders", "reference per element"])
@pytest.mark.parametrize("kind", KINDS)
def test_formulas_get_the_prediction_interval_and_flag_of_the_comparison(compared, kind, variant):
    made = compared(*VARIANTS[variant])
    table = load(made.result.models[kind]).predict(made.case.target.data.frame["formula"].tolist())
    told = made.result.intervals
    told = told[told["strategy"] == kind].set_index("compound")
    found = table.set_index("formula").loc[told.index]
    pairs = {"formation_energy": "prediction", "lower": "lower", "upper": "upper"}
    for one, other in pairs.items():
        atol = EXACT.get(kind, 0)
        np.testing.assert_allclose(found[one], told[other], rtol=0, atol=atol)
    assert ((found["applicability"] == "ok") == (told["element_seen"] & told["in_range"])).all()
    assert set(table["model"]) == {made.result.document["models"][kind]}


def test_where_all_rows_are_labelled_the_intervals_are_those_of_plain_cv_plus(compared):
    model = load(compared("dataset.n_labelled=null").result.models["fine_tune"])
    assert model.calibration.factor is None
    table = model.predict(["ScScO3", "LiBeO3"])
    assert (table["lower"] < table["upper"]).all()


def test_a_protocol_without_folds_gives_predictions_without_intervals(compared):
    made = compared(*VARIANTS["draws"])
    table = load(made.result.models["fine_tune"]).predict("ScScO3")
    assert np.isfinite(table["formation_energy"]).all()
    assert table[["lower", "upper"]].isna().all(axis=None)


@settings(max_examples=20, deadline=None)
@given(chosen=st.lists(st.sampled_from([(a, b) for a in NUMBERS for b in NUMBERS]), min_size=1))
def test_a_prediction_does_not_depend_on_what_else_is_asked(compared, chosen):
    model = load(compared().result.models["fine_tune"])
    formulas = [f"{a}{b}O3" for a, b in chosen]
    together = model.predict(formulas)
    assert together["formula"].tolist() == formulas
    assert (together["lower"] < together["formation_energy"]).all()
    assert (together["formation_energy"] < together["upper"]).all()
    alone = model.predict(formulas[-1])
    columns = ["formation_energy", "lower", "upper"]
    np.testing.assert_allclose(together[columns].iloc[[-1]], alone[columns], atol=1e-5)


def test_the_description_says_where_the_model_comes_from(compared):
    made = compared()
    about = load(made.result.models["fine_tune"]).about
    assert about["format"] == 1
    assert about["comparison"] == made.result.document["key"]
    assert about["source_nets"] == [made.result.sources.identifier(net) for net in range(2)]
    assert about["data_hashes"] == {"toy.parquet": "0" * 64}
    source, target = about["data"]
    assert (source["name"], source["trained"]) == ("toy_source", "1-64")
    assert source["files"] == {"toy_source.parquet": "0" * 64}
    assert target["role"] == "target"
    assert about["scores"]["mae"] == made.result.strategies[2].mae
    own = load(made.result.models["target_only"]).about
    assert own["source_nets"] == []
    assert [each["name"] for each in own["data"]] == ["toy_target"]


@pytest.mark.usefixtures("mean_only")
def test_a_resumed_comparison_keeps_its_models(compared):
    made = compared()
    again = compare(made.settings, made.case, made.root, made.root / "partial")
    assert again.document["models"] == made.result.document["models"]


def test_what_is_copied_and_not_trained_is_stored_once(compared):
    models = compared().result.models
    assert load(models["zero_shot"]).about["nets"] == 2
    assert load(models["fine_tune"]).about["nets"] == 8


@pytest.mark.parametrize("name", ["target.safetensors", "model.json"])
@pytest.mark.parametrize("place", [0, 100, -2])
def test_a_changed_byte_is_noticed(folder, name, place):
    content = bytearray((folder / name).read_bytes())
    content[place] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name}"):
        load(folder)


def test_every_byte_of_the_description_counts(folder):
    content = (folder / "model.json").read_bytes()
    for place in range(0, len(content), 97):
        changed = bytearray(content)
        changed[place] ^= 1
        (folder / "model.json").write_bytes(changed)
        try:
            assert json.loads(changed) == json.loads(content)
        except (ValueError, AssertionError):
            with pytest.raises(UserError, match=r"model\.json"):
                load(folder)


def test_a_missing_file_is_named(folder):
    (folder / "target.safetensors").unlink()
    with pytest.raises(UserError, match=r"target\.safetensors \(No such file.*get the folder anew"):
        load(folder)


class Planted:
    """Writes a file when it is unpickled."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return Path.touch, (self.victim,)


@pytest.mark.parametrize("write", [pickle.dump, torch.save], ids=["pickle", "torch"])
def test_a_planted_pickle_is_not_run(folder, tmp_path, write):
    victim = tmp_path / "victim"
    for name in ("target.safetensors", "extra.pkl"):
        with (folder / name).open("wb") as stream:
            write(Planted(victim), stream)
    seal_again(folder)
    with pytest.raises(UserError, match="holds no readable model"):
        load(folder)
    assert not victim.exists()


def test_a_configuration_that_names_a_target_makes_nothing(folder, tmp_path):
    about = json.loads((folder / "model.json").read_text())
    call = {"_target_": "pathlib.Path.touch", "self": str(tmp_path / "victim")}
    seal_again(folder, config={**about["config"], "network": call})
    load(folder).predict("LiBeO3")
    seal_again(folder, strategy={"name": "fine_tune", "configured": call})
    with pytest.raises(UserError, match="_target_ does not exist"):
        load(folder)
    seal_again(folder, strategy={"name": "x", "configured": {"kind": "os.system"}})
    with pytest.raises(UserError, match="unknown"):
        load(folder)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"nets": 7},
        {"nets": 10**12},
        {"inputs": 5},
        {"members": []},
        {"network": {"hidden": [8], "activation": "silu", "dropout": 0.0}},
        {"network": {"hidden": [8, 4], "activation": "eval", "dropout": 0.0}},
        {"elements": None},
        {"interval": 7},
        {"features": {}},
        {"roles": None},
        {"prototype": {"name": "spinel", "identity": "perovskite"}},
        {"prototype": {"name": "../../my.cif", "identity": "perovskite"}},
    ],
)
def test_a_description_that_does_not_fit_is_refused_in_one_line(folder, changes):
    seal_again(folder, **changes)
    with pytest.raises(UserError):
        load(folder).predict("LiBeO3")


def test_files_elsewhere_are_not_read(folder):
    about = json.loads((folder / "model.json").read_text())
    about["files"]["../secret"] = "0" * 64
    about["id"] = files.identity(about)
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match="elsewhere"):
        load(folder)


def test_another_format_names_the_remedy(folder):
    about = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**about, "format": 99}))
    with pytest.raises(UserError, match=r"format 99.*install the version"):
        load(folder)


def test_another_property_table_is_refused(folder):
    about = json.loads((folder / "model.json").read_text())
    seal_again(folder, features={**about["features"], "table_sha256": "0" * 64})
    with pytest.raises(UserError, match="property table open"):
        load(folder)


def test_loading_and_predicting_import_neither_mlflow_nor_lightning(folder):
    code = (
        "import sys, cetransfer\n"
        "assert not set(sys.modules) & {'numpy', 'pandas', 'torch'}\n"
        f"print(cetransfer.load_model({str(folder)!r}).predict(['LiBeO3'])['model'][0])\n"
        "heavy = {'mlflow', 'pytorch_lightning', 'sklearn', 'matplotlib', 'hydra', 'jsonschema'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == load(folder).id


def test_the_public_names_are_few():
    assert cetransfer.__all__ == ["Model", "UserError", "__version__", "load_model"]
    assert set(cetransfer.__all__) <= set(dir(cetransfer))
    assert cetransfer.UserError is UserError
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cetransfer.nothing
