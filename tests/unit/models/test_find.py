from __future__ import annotations

import json
import shutil

import pytest

from cetransfer.errors import UserError
from cetransfer.models import find
from cetransfer.models.export import export_model
from cetransfer.models.find import find_model
from cetransfer.models.folder import read


@pytest.fixture
def root(folder, tmp_path, monkeypatch):
    """A project with a comparison of one model, and nothing beside the package."""
    monkeypatch.setattr(find, "__file__", str(tmp_path / "a" / "b" / "c" / "d.py"))
    root = tmp_path / "project"
    shutil.copytree(folder, root / "outputs" / "compare" / "toy-1234" / "models" / "fine_tune")
    return root


def model_of(root):
    return root / "outputs" / "compare" / "toy-1234" / "models" / "fine_tune"


def test_a_model_is_found_by_folder_name_id_and_its_first_digits(root):
    identity = read(model_of(root))["id"]
    for word in (str(model_of(root)), "toy-1234/fine_tune", identity, identity[:6]):
        assert find_model(word, root) == model_of(root)


def test_a_model_is_found_by_its_run(root, folder):
    run = "0123456789abcdef" * 2
    place = root / "mlruns" / "artifacts" / run / "artifacts" / "model"
    shutil.copytree(folder, place)
    assert find_model(run, root) == place


def test_the_default_model_lies_in_models(root, folder):
    with pytest.raises(UserError, match="default model is not here; run `dvc pull`"):
        find_model("default", root)
    shutil.copytree(folder, root / "models" / "default")
    assert find_model("default", root) == root / "models" / "default"


def test_a_wrong_name_gets_the_nearest_one(root):
    with pytest.raises(UserError, match=r"did you mean toy-1234/fine_tune\?"):
        find_model("toy-1234/finetune", root)
    with pytest.raises(UserError, match="there is no model '0123456'"):
        find_model("0123456", root)


@pytest.mark.usefixtures("root")
def test_without_any_model_the_remedy_is_a_comparison(tmp_path):
    with pytest.raises(UserError, match="run `cetransfer compare`"):
        find_model("mine", tmp_path / "empty")


def test_a_comparison_is_no_model_but_says_which_it_has(root):
    with pytest.raises(UserError, match=r"several models; give .*models/NAME, with fine_tune"):
        find_model(str(model_of(root).parents[1]), root)


def test_an_ambiguous_beginning_is_refused(root):
    first = read(model_of(root))
    other = model_of(root).with_name("other")
    shutil.copytree(model_of(root), other)
    (other / "model.json").write_text(json.dumps({**first, "id": f"{first['id'][:6]}{'f' * 10}"}))
    with pytest.raises(UserError, match="several ids begin so"):
        find_model(first["id"][:6], root)


def test_an_export_loads_and_holds_nothing_else(folder, tmp_path):
    (folder / "stranger.txt").touch()
    export_model(folder, tmp_path / "out" / "mine")
    names = sorted(path.name for path in (tmp_path / "out" / "mine").iterdir())
    assert names == ["README.md", "model.json", "target.safetensors"]
    identity = read(folder)["id"]
    assert read(tmp_path / "out" / "mine")["id"] == identity
    page = (tmp_path / "out" / "mine" / "README.md").read_text()
    assert page.startswith(f"# Model {identity}\n")
    with pytest.raises(UserError, match="is there already"):
        export_model(folder, tmp_path / "out" / "mine")


def test_a_changed_model_is_not_exported(folder, tmp_path):
    with (folder / "target.safetensors").open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(UserError, match="was changed"):
        export_model(folder, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
