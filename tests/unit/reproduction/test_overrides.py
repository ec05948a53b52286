from __future__ import annotations

import dataclasses

import pytest

from cetransfer.composition import config_dir
from cetransfer.errors import UserError
from cetransfer.reproduction.overrides import overrides_for, written

COMMANDS = [
    ([], []),
    (["quiet=true", "output_dir=x"], []),
    (["seed=3"], ["seed=3"]),
    (["experiment=quick"], ["experiment=quick"]),
    (["experiment=quick", "network=default"], None),
    (["dataset=li2023", "features=ab_cece", "features.shells=2"], None),
    (["protocol=by_a", "protocol.folds=4"], ["protocol=by_a", "protocol.folds=4"]),
    (["strategy=[target_only,freeze]", "strategy.freeze.layers=2"], None),
    (["strategy=[freeze,target_only]"], ["strategy=[freeze,target_only]"]),
    (["strategy=all", "+strategy.mine.kind=freeze", "+strategy.mine.layers=1"], None),
    (["dataset/source=[surrogate_perovskite,li2023_spinel]", "dataset/target=emery2017"], None),
    (["dataset.n_labelled=null", "dataset.exclude=[equal_sites]"], None),
    (["training.weight_decay=1e-7", "network.hidden=[7]", "dataset.site_order=both"], None),
    (
        [
            "dataset=own",
            "dataset.target.path='it''s mine (1).csv'".replace("''", "\\'"),
            "dataset.target.prototype=perovskite",
            "dataset.target.unit=eV/formula unit",
        ],
        None,
    ),
]


@pytest.mark.parametrize(
    ("given", "expected"), COMMANDS, ids=[" ".join(each[0]) for each in COMMANDS]
)
def test_the_words_make_the_same_configuration(compose, given, expected):
    settings = compose(*given)
    if "+strategy.mine.layers=1" in given:
        settings.strategy["mine"]["learning_rate"] = 0.001
    words = overrides_for(dataclasses.asdict(settings), config_dir())
    if expected is not None:
        assert words == expected
    again = dataclasses.asdict(compose(*words))
    for free in ("quiet", "output_dir"):
        again[free] = getattr(settings, free)
    assert again == dataclasses.asdict(settings)
    assert len(words) <= len(given) + 1


def test_what_the_files_cannot_make_is_named(compose):
    config = dataclasses.asdict(compose())
    config["strategy"]["freeze"] = {}
    with pytest.raises(UserError, match="cannot make the stored configuration; it"):
        overrides_for({**config, "strategy": {"a b": {"kind": "x"}}}, config_dir())


def test_values_are_written_in_hydras_grammar():
    values = [None, True, 1e-05, "plain", "two words", "true", "1e3", ["a", 2, None], "it's \\'"]
    expected = [
        *("null", "true", "1e-05", "plain", "'two words'", "'true'", "'1e3'", "[a,2,null]"),
        r"'it\'s \\\''",
    ]
    assert [written(value) for value in values] == expected
