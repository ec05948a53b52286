from __future__ import annotations

import dataclasses

import pytest

from cetransfer.composition import compose_words, to_settings
from cetransfer.errors import UserError
from cetransfer.settings import PLACES, Settings
from cetransfer.settings_sweep import StudySettings
from cetransfer.sweeps.composer import Composer


def test_a_trial_is_what_the_command_line_would_make_of_its_overrides():
    composer = Composer(["sweep=strategies", "network=small", "training.epochs=7"])
    parameters = {
        "strategy": "freeze",
        "strategy.freeze.layers": 2,
        "strategy.freeze.learning_rate": 1e-05,
        "network.hidden": "[32,16]",
        "dataset.exclude_suspects": False,
        "dataset.n_labelled": None,
    }
    words = [*composer.words, *composer.overrides(parameters)]
    asked = to_settings(compose_words("sweep", words), StudySettings)
    made = composer.settings(parameters)
    assert dataclasses.asdict(made) == dataclasses.asdict(asked)
    assert made.network.hidden == [32, 16]
    assert made.strategy == {"freeze": {"kind": "freeze", "learning_rate": 1e-05, "layers": 2}}
    assert made.training.epochs == 7


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        (["sweep=small", "sweep.trials=8"], {"network.dropout": 0.1}),
        (["sweep=small", "++sweep.space={training.l1:null}"], {"network.dropout": 0.1}),
        (["sweep=small", "output_dir=mine", "compute.workers=2"], {"network.dropout": 0.1}),
        (["sweep=strategies", "training.epochs=7"], {"strategy": "freeze", "training.l1": 1e-06}),
        (["sweep=architecture"], {"network.hidden": [128, 64], "features": "ab_ce"}),
    ],
)
def test_a_comparison_trains_as_the_winner_does(words, parameters):
    composer = Composer(words)
    asked = dataclasses.asdict(composer.settings(parameters))
    told = composer.compare_words(parameters)
    made = to_settings(compose_words("config", told), Settings)
    assert made.output_dir is None
    same = {key: value for key, value in dataclasses.asdict(made).items() if key not in PLACES}
    assert same == {key: asked[key] for key in same}


def test_source_nets_keep_their_recipe_where_trials_change_that_of_target_nets():
    composer = Composer(["sweep=small"])
    made = composer.settings({"training.weight_decay": 0.5, "network.dropout": 0.2})
    assert made.training.weight_decay == 0.5
    assert made.training.source.weight_decay == 0.01
    assert made.training.source.dropout == 0.05
    assert "training.source.weight_decay=0.01" in composer.overrides({})


def test_a_recipe_of_the_source_that_was_given_stays():
    made = Composer(["sweep=small", "training.source.l1=0.5"]).settings({"training.l1": 0.1})
    assert made.training.source.l1 == 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"training.epohcs": 3}, "did you mean training.epochs?"),
        ({"network": "smal"}, "did you mean small?"),
        ({"training.epochs": "many"}, "training.epochs"),
        ({"network.dropout": 2.0}, "must lie in"),
        ({"strategy.freeze.layers": 1}, "freeze is not chosen"),
    ],
)
def test_a_wrong_key_or_value_is_told(parameters, message):
    with pytest.raises(UserError) as caught:
        Composer(["sweep=small"]).settings(parameters)
    assert message in str(caught.value)
