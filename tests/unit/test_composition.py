from __future__ import annotations

import dataclasses
import os
import sys
import textwrap
import typing
from concurrent.futures import ThreadPoolExecutor

import pytest
from hydra import compose as compose_config
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from cetransfer import settings as shapes
from cetransfer.composition import (
    compose_all,
    compose_words,
    config_dir,
    stored_settings,
    to_settings,
)
from cetransfer.compute.check import KEYS
from cetransfer.datasets.chosen import CONFIGURED
from cetransfer.errors import UserError
from cetransfer.settings_data import LabelSettings
from cetransfer.settings_sweep import StudySettings

VARIANTS = (
    "a",
    "b",
    "ab",
    "ab_ab",
    "ab_ce",
    "a_ce",
    "b_ce",
    "ab_cece",
    "abx_abx",
    "abx_cecece",
)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_feature_variant_composes(compose, variant):
    found = compose(f"features={variant}").features
    assert (found.variant, found.shells, found.exponent, found.table) == (variant, 1, 1.0, "open")


@pytest.mark.parametrize("network", ["default", "small", "paper"])
def test_every_network_composes(compose, network):
    assert len(compose(f"network={network}").network.hidden) >= 2


def test_the_network_of_the_paper_is_the_published_one(compose):
    network = compose("network=paper").network
    assert network == shapes.NetworkSettings([512, 256, 128, 64, 32], "relu", 0.0)


@pytest.mark.parametrize(
    ("dataset", "source", "target", "labelled"),
    [
        ("surrogate", "surrogate_spinel", "surrogate_perovskite", 855),
        ("li2023", "li2023_spinel", "li2023_perovskite", None),
    ],
)
def test_every_dataset_composes(compose, dataset, source, target, labelled):
    found = compose(f"dataset={dataset}").dataset
    assert found.name == dataset
    assert [data.name for data in found.sources.values()] == [source]
    assert (found.target.name, found.n_labelled) == (target, labelled)


def test_source_and_target_can_be_chosen_apart(compose):
    found = compose(
        "dataset/source=[li2023_spinel]", "dataset/target=surrogate_spinel", "dataset.draw=2"
    ).dataset
    assert list(found.sources) == ["li2023_spinel"]
    assert (found.target.name, found.draw) == ("surrogate_spinel", 2)


@pytest.mark.parametrize(("protocol", "repeats"), [("default", 1), ("full", 5)])
def test_every_protocol_composes(compose, protocol, repeats):
    found = compose(f"protocol={protocol}").protocol
    assert found == shapes.ProtocolSettings(
        "kfold", 10, repeats, 5, 0.05, 0.005, True, draws=None, sizes=None, contrast=None
    )


def test_an_experiment_overrides_groups_and_keys(compose):
    plain, quick = compose(), compose("experiment=quick")
    assert quick.network == compose("network=small").network
    assert quick.protocol.folds < plain.protocol.folds
    assert quick.training.epochs < plain.training.epochs
    assert quick.training.source.batch_size == plain.training.source.batch_size


def test_the_command_line_goes_before_the_experiment(compose):
    found = compose("experiment=quick", "network=paper", "protocol.folds=4")
    assert len(found.network.hidden) == 5
    assert found.protocol.folds == 4


@pytest.mark.parametrize("group", ["training=default", "tracking=local"])
def test_groups_with_one_option_can_be_named(compose, group):
    assert compose(group) == compose()


def test_several_strategies_make_one_node_each(compose):
    found = compose("strategy=[target_only,fine_tune,freeze]").strategy
    assert list(found) == ["target_only", "fine_tune", "freeze"]
    assert found["freeze"] == {"kind": "freeze", "learning_rate": 0.001, "layers": 1}


def test_all_strategies_run_where_none_is_chosen(compose):
    assert set(compose().strategy) == {
        "target_only",
        "zero_shot",
        "fine_tune",
        "freeze",
        "head_only",
    }


def test_groups_and_keys_go_together(compose):
    found = compose(
        "features=ab_cece",
        "features.shells=2",
        "network=paper",
        "strategy=[target_only,fine_tune,freeze]",
        "strategy.freeze.layers=3",
        "seed=7",
    )
    assert (found.features.variant, found.features.shells) == ("ab_cece", 2)
    assert found.network.hidden[0] == 512
    assert found.strategy["freeze"]["layers"] == 3
    assert found.seed == 7


def test_a_strategy_can_be_added_under_a_name_of_its_own(compose):
    found = compose("+strategy.slow.kind=fine_tune", "+strategy.slow.learning_rate=1e-5")
    assert found.strategy["slow"] == {"kind": "fine_tune", "learning_rate": 1e-5}


def test_label_has_a_configuration_of_its_own(compose):
    found = compose("prototype=spinel", config="label")
    assert found == LabelSettings(
        "spinel", None, shapes.ComputeSettings("local"), quiet=False, output_dir=None
    )
    chosen = compose("prototype=garnet", "elements=[Ca,Al]", config="label")
    assert chosen.elements == ["Ca", "Al"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("protocol.fold=3", "no key 'protocol.fold'; did you mean protocol.folds?"),
        ("sed=1", "no key 'sed'; did you mean seed?"),
        ("strategy.freeze.layer=2", "did you mean strategy.freeze.layers?"),
        ("netwrk=small", "did you mean network?"),
        ("+protocol.flods=3", "mean protocol.folds?"),
        ("features=ab_b", "features has no option 'ab_b'; did you mean ab_ab?"),
        ("network=smal", "network has no option 'smal'; did you mean small?"),
        (
            "dataset=zzz",
            "dataset has no option 'zzz'; choose one of emery2017, li2023, own, surrogate",
        ),
        ("experiment=quik", "experiment has no option 'quik'; did you mean quick?"),
        ("strategy=[target_only,fine_tun]", "'fine_tun'; did you mean fine_tune?"),
        ("dataset/source=[surrogate_spinl]", "did you mean surrogate_spinel?"),
        ("protocol.folds=three", "protocol.folds: Value 'three'"),
        ("protocol.folds=2.5", "protocol.folds: Value '2.5'"),
        ("features.exponent=far", "features.exponent: Value 'far'"),
        ("network.hidden=[8,wide]", "network.hidden[1]: Value 'wide'"),
        ("seed=null", "seed: "),
        ("dataset.exclude_suspects=perhaps", "dataset.exclude_suspects: Value 'perhaps'"),
        ("dataset.exclude=label_outlier", "give a list: dataset.exclude=[...]"),
        ("strategy.freeze=3", "strategy.freeze: Value 3"),
        ("protocol.folds=1", "give 2 or more"),
        ("seed", "'seed'"),
    ],
)
def test_a_wrong_word_is_named_with_the_nearest_right_one(compose, override, message):
    with pytest.raises(UserError) as caught:
        compose(override)
    assert message in str(caught.value)


def test_a_key_that_must_be_given_is_asked_for(compose):
    with pytest.raises(UserError, match="prototype has no value; give prototype=VALUE"):
        compose(config="label")


def test_stored_settings_have_usual_values_for_keys_that_came_later(compose):
    settings = compose("network.dropout=0.3", "training.source.epochs=7", "strategy=[target_only]")
    stored = dataclasses.asdict(settings)
    del stored["compute"], stored["training"]["source"]["dropout"], stored["training"]["l1"]
    assert stored_settings(stored) == settings


def test_composing_leaves_no_trace_in_the_process():
    arguments, error = sys.argv[:], os.environ.get("HYDRA_FULL_ERROR")
    compose_all("cetransfer compare", "config", ["seed=3"])
    with pytest.raises(UserError):
        compose_all("cetransfer compare", "config", ["sed=3"])
    assert sys.argv == arguments
    assert os.environ.get("HYDRA_FULL_ERROR") == error
    assert not GlobalHydra.instance().is_initialized()


def test_composing_writes_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compose_all("cetransfer compare", "config", [])
    assert not list(tmp_path.iterdir())


def test_an_own_yaml_file_is_an_option_like_the_others(tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "mine.yaml").write_text("hidden: [7]\nactivation: relu\ndropout: 0.0\n")
    words = ["--config-dir", str(tmp_path), "network=mine"]
    received = compose_all("cetransfer compare", "config", words)
    assert received[0].network == shapes.NetworkSettings([7], "relu", 0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hidden: [7]\nactivation: relu\n", r"network\.dropout has no value"),
        (
            "hiden: [7]\nactivation: relu\ndropout: 0.0\n",
            r"hiden.*mean (network\.)?hidden",
        ),
        ("hidden: [7\n", r"mine\.yaml"),
    ],
)
def test_an_own_yaml_file_is_checked_like_the_others(tmp_path, text, message):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "mine.yaml").write_text(text)
    words = ["--config-dir", str(tmp_path), "network=mine"]
    with pytest.raises(UserError, match=message):
        compose_all("cetransfer compare", "config", words)


CALLS = """\
    _target_: pathlib.Path.touch
    _args_: [{marker}]
"""
CODE = {
    "callbacks": f"callbacks:\n  mine:\n{CALLS}",
    "launcher": f"launcher:\n{CALLS}",
    "sweeper": f"sweeper:\n{CALLS}",
    "logs": "job_logging:\n  handlers:\n    mine: {{(): os.mkdir, path: {marker}}}\n",
    "hydra's logs": "hydra_logging:\n  handlers:\n    mine: {{(): os.mkdir, path: {marker}}}\n",
    "a swept key": "sweeper:\n  params: {{seed: '0,1'}}\n",
}


@pytest.mark.parametrize("flags", [[], ["-m"], ["--cfg", "job"], ["--help"]])
@pytest.mark.parametrize("part", CODE)
@pytest.mark.parametrize("package", ["hydra", "_global_"])
def test_a_file_that_names_code_to_run_is_refused_and_not_run(tmp_path, part, package, flags):
    (tmp_path / "experiment").mkdir()
    marker = tmp_path / "marker"
    text = CODE[part].format(marker=marker)
    if package == "_global_":
        text = "hydra:\n" + textwrap.indent(text, "  ")
    (tmp_path / "experiment" / "mine.yaml").write_text(f"# @package {package}\n{text}")
    words = ["--config-dir", str(tmp_path), "experiment=mine", *flags]
    with pytest.raises(UserError, match=r"experiment/mine|hydra.* can name code to run"):
        compose_all("cetransfer compare", "config", words)
    assert not marker.exists()


def test_several_values_are_every_combination_and_each_keeps_its_words(tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "mine.yaml").write_text("hidden: [7]\nactivation: relu\ndropout: 0.0\n")
    words = ["-m", "seed=range(3,5)", "--config-dir", str(tmp_path), "network=small,mine"]
    made = compose_all("cetransfer sweep", "sweep", words)
    found = [(each.seed, len(each.network.hidden)) for each in made]
    assert found == [(3, 2), (3, 1), (4, 2), (4, 1)]
    search = f"hydra.searchpath=['file://{tmp_path}']"
    assert made[1].overrides == ["seed=3", "network=mine", search]
    again = to_settings(compose_words("sweep", made[1].overrides), StudySettings)
    assert again.network == made[1].network


def test_values_without_an_end_are_no_runs():
    with pytest.raises(UserError, match="no values to go through"):
        compose_all("cetransfer compare", "config", ["-m", "seed=interval(1,2)"])


def keys_of(shape, prefix=""):
    """Return (key, dataclass field) of a settings class and of the classes within it.

    Without what a data set has that takes more than its name, and a way to compute more than its
    kind: it is null unless that is chosen.
    """
    types = typing.get_type_hints(shape)
    for field in dataclasses.fields(shape):
        if shape is shapes.NamedData and field.name != "name":
            continue
        if shape is shapes.ComputeSettings and field.name != "kind":
            continue
        yield f"{prefix}{field.name}", field
        if dataclasses.is_dataclass(types[field.name]):
            yield from keys_of(types[field.name], f"{prefix}{field.name}.")


@pytest.mark.parametrize("shape", [shapes.Settings, LabelSettings])
def test_the_classes_hold_no_defaults(shape):
    for key, field in keys_of(shape):
        assert field.default is dataclasses.MISSING, key
        assert field.default_factory is dataclasses.MISSING, key


@pytest.mark.parametrize(
    ("config", "shape"), [("config", shapes.Settings), ("label", LabelSettings)]
)
def test_every_key_of_the_classes_stands_in_a_yaml_file(config, shape):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        composed = OmegaConf.to_container(compose_config(config))
    for key, _ in keys_of(shape):
        node = composed
        for name in key.split("."):
            assert name in node, key
            node = node[name]


@pytest.mark.parametrize("kind", KEYS)
def test_the_keys_of_a_way_to_compute_stand_in_its_yaml_file(kind):
    chosen = OmegaConf.load(config_dir() / "compute" / f"{kind}.yaml")
    assert list(chosen) == ["kind", *KEYS[kind]]
    assert chosen.kind == kind


def test_every_key_of_a_way_to_compute_belongs_to_one():
    known = {key for keys in KEYS.values() for key in keys}
    assert {field.name for field in dataclasses.fields(shapes.ComputeSettings)} == {"kind", *known}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compute=dask"], r"compute\.address has no value; give compute\.address=VALUE"),
        (["compute=desk"], r"compute has no option 'desk'; did you mean dask"),
        (["compute.workers=0"], r"compute\.workers=0 is too small"),
        (
            ["compute=dask", "compute.address=tcp://a:1", "compute.workers=2"],
            r"no key 'compute.workers' with",
        ),
        (["compute=slurm", "compute.memory=much"], r"compute\.memory=much is no amount.*8GB"),
        (["compute=slurm", "compute.jobs=0"], r"compute\.jobs=0 is too small"),
        (["compute=slurm", "compute.jobs=null"], r"compute\.jobs has no value"),
        (
            ["compute.kind=cloud"],
            r"compute\.kind=cloud is unknown; choose one of local, dask, slurm",
        ),
        (["compute.kind=dask"], r"compute\.address has no value"),
        (["compute.workers=2", "compute.kind=dask"], r"compute\.workers has no meaning"),
    ],
)
@pytest.mark.parametrize(("config", "more"), [("config", []), ("label", ["prototype=spinel"])])
def test_a_way_to_compute_that_cannot_be_is_told(config, more, words, message):
    with pytest.raises(UserError, match=message):
        compose_all("cetransfer features", config, [*words, *more])


@pytest.mark.parametrize("part", ["source", "target"])
@pytest.mark.parametrize("name", CONFIGURED)
def test_the_keys_of_a_data_set_that_takes_more_than_its_name_stand_in_its_yaml_file(name, part):
    chosen = OmegaConf.load(config_dir() / "dataset" / part / f"{name}.yaml")
    assert set(chosen) == {"name", *CONFIGURED[name].keys}
    for key, shape in (
        ("columns", shapes.TableColumns),
        ("query", shapes.MaterialsProjectQuery),
    ):
        if key in chosen:
            assert set(chosen[key]) == {field.name for field in dataclasses.fields(shape)}


def test_every_key_of_a_data_set_belongs_to_one():
    known = {key for each in CONFIGURED.values() for key in each.keys}
    assert {field.name for field in dataclasses.fields(shapes.NamedData)} == {"name", *known}


def test_threads_that_compose_at_the_same_time_do_not_meet():
    # many are served by threads, and each loads a model with the settings stored in it
    words = [[f"training.epochs={number}"] for number in range(1, 9)]
    with ThreadPoolExecutor(8) as threads:
        composed = list(threads.map(lambda own: compose_words("config", own), words))
    assert [each.training.epochs for each in composed] == list(range(1, 9))
