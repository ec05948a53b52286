from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from cetransfer.errors import UserError
from cetransfer.files import sha256
from cetransfer.models import bundle
from cetransfer.networks.predict import predict
from cetransfer.networks.stack import MlpStack
from cetransfer.seeding import Purpose, torch_generator
from cetransfer.settings import NetworkSettings
from cetransfer.training.lesson import Lesson

NETWORK = NetworkSettings([5, 3], "tanh", 0.1)


@pytest.fixture
def stack(problem):
    stack = MlpStack(3, 6, NETWORK)
    stack.reset([torch_generator(0, Purpose.INIT, member) for member in range(3)])
    Lesson(*problem(20), [np.arange(20)] * 3).fit_scalers(stack)
    return stack


@pytest.fixture
def folder(stack, tmp_path):
    bundle.save(tmp_path / "net", stack, {"kind": "test", "seed": 4})
    return tmp_path / "net"


def describe(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_bundle_reads_back_to_the_same_bits(folder, stack, problem):
    loaded = bundle.load(folder)
    for name, value in stack.state_dict().items():
        assert torch.equal(loaded.stack.state_dict()[name], value)
    features, _ = problem(20)
    assert np.array_equal(predict(loaded.stack, features), predict(stack, features))


def test_a_bundle_keeps_what_it_is(folder):
    about = bundle.load(folder).about
    assert about["kind"] == "test"
    assert about["seed"] == 4
    assert about["network"] == {"hidden": [5, 3], "activation": "tanh", "dropout": 0.1}
    assert (about["members"], about["inputs"]) == (3, 6)
    assert about["sha256"] == sha256(folder / "model.safetensors")


def test_nothing_but_two_files_is_written(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


def test_a_loaded_stack_asks_for_no_gradients(folder):
    assert not any(p.requires_grad for p in bundle.load(folder).stack.parameters())


def test_saving_again_replaces_the_earlier_bundle(folder, stack):
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(1.0)
    (folder / "left_over").touch()
    bundle.save(folder, stack, {"kind": "newer"})
    loaded = bundle.load(folder)
    assert loaded.about["kind"] == "newer"
    assert torch.equal(next(loaded.stack.parameters()), next(stack.parameters()))
    assert not (folder / "left_over").exists()


def test_a_save_that_fails_leaves_the_earlier_bundle(folder, stack):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(TypeError):
        bundle.save(folder, stack, {"not": {"json"}})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["net"]


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_changed_byte_is_noticed(folder, place):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"model\.safetensors: the SHA-256 differs.*remove .*net"):
        bundle.load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "model.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(UserError, match=rf"{name}.*remove .*net and run again"):
        bundle.load(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere holds no readable model"):
        bundle.load(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"sha256": 1}', "\x00\xff"])
def test_a_description_that_is_none_is_refused(folder, text):
    (folder / "model.json").write_text(text)
    with pytest.raises(UserError, match=r"remove .*net and run again"):
        bundle.load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"members": 2},
        {"inputs": 7},
        {"members": "three"},
        {"network": {"hidden": [5], "activation": "tanh", "dropout": 0.1}},
        {"network": {"hidden": [5, 3], "activation": "swish", "dropout": 0.1}},
        # would load, and predict something else
        {"network": {"hidden": [5, 3], "activation": "relu", "dropout": 0.1}},
        {"network": {"hidden": [5, 3]}},
    ],
)
def test_a_description_of_another_network_is_refused(folder, changes):
    describe(folder, **changes)
    with pytest.raises(UserError):
        bundle.load(folder)


class Planted:
    """Writes a file when it is unpickled."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return Path.touch, (self.victim,)


@pytest.mark.parametrize("write", [pickle.dump, torch.save], ids=["pickle", "torch"])
def test_a_planted_pickle_is_not_run(stack, tmp_path, write, monkeypatch):
    victim = tmp_path / "victim"

    def plant(_state, path):
        with path.open("wb") as stream:
            write(Planted(victim), stream)

    # with all hashes right, so that nothing but the format stands in its way
    monkeypatch.setattr(bundle, "save_file", plant)
    bundle.save(tmp_path / "net", stack, {})
    with pytest.raises(UserError, match="holds no readable model"):
        bundle.load(tmp_path / "net")
    assert not victim.exists()


def test_a_place_that_cannot_be_written_is_named(stack, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file/net.*output_dir="):
        bundle.save(tmp_path / "file" / "net", stack, {})


def test_further_arrays_travel_with_the_weights(stack, tmp_path):
    arrays = {"kernel.0.weights": np.arange(3.0), "kernel.0.gamma": np.array([0.25])}
    bundle.save(tmp_path / "model", stack, {}, arrays)
    loaded = bundle.load(tmp_path / "model")
    assert set(loaded.arrays) == set(arrays)
    assert all(np.array_equal(loaded.arrays[name], arrays[name]) for name in arrays)
    before = stack.state_dict()
    assert all(
        torch.equal(value, before[name]) for name, value in loaded.stack.state_dict().items()
    )
