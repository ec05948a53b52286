"""The experiments on accuracy: what each file sets, and that the command line goes before it."""

from __future__ import annotations

import pytest

SPINELS = ["li2023_spinel"]
ANY = ["surrogate_spinel", "li2023_spinel", "surrogate_perovskite"]
SURROGATE = ["surrogate_spinel"]
STRATEGIES = ["target_only", "fine_tune", "profile_residual", "profile_kernel"]

ALL = {
    "li2023_spinels": ("li2023_perovskite", SPINELS, None, None, "profile_residual"),
    "li2023_any": ("li2023_perovskite", ANY, None, None, "profile_residual"),
    "li2023_any_100": ("li2023_perovskite", ANY, 100, 5, "profile_kernel"),
    "emery2017_spinels": ("emery2017", SPINELS, 855, 5, "profile_residual"),
    "emery2017_any": ("emery2017", ANY, 855, 5, "profile_residual"),
    "emery2017_any_100": ("emery2017", ANY, 100, 5, "profile_kernel"),
    "surrogate_855": ("surrogate_perovskite", SURROGATE, 855, 5, "profile_kernel"),
    "surrogate_100": ("surrogate_perovskite", SURROGATE, 100, 5, "profile_kernel"),
}


@pytest.mark.parametrize("name", ALL)
def test_an_experiment_sets_data_protocol_and_contrast(compose, name):
    target, sources, labelled, draws, contrast = ALL[name]
    found = compose(f"experiment={name}")
    assert (found.dataset.target.name, list(found.dataset.sources)) == (target, sources)
    assert found.dataset.n_labelled == labelled
    assert found.dataset.pretrain == ("joint" if sources is ANY else "sequence")
    assert found.dataset.exclude == (["equal_sites"] if target == "emery2017" else [])
    assert found.protocol.kind == ("kfold" if draws is None else "draws")
    assert (found.protocol.draws, found.protocol.contrast) == (draws, contrast)
    assert found.protocol.repeats == (5 if draws is None else 1)
    assert list(found.strategy) == STRATEGIES


@pytest.mark.parametrize("name", ALL)
def test_an_experiment_leaves_recipe_seed_and_draw_at_their_defaults(compose, name):
    plain, found = compose(), compose(f"experiment={name}")
    for part in ("seed", "network", "features", "training"):
        assert getattr(found, part) == getattr(plain, part)
    assert found.dataset.draw == 0


def test_the_command_line_goes_before_an_experiment(compose):
    found = compose(
        "experiment=emery2017_any",
        "dataset/source=[surrogate_perovskite]",
        "dataset.n_labelled=60",
        "protocol.draws=2",
        "strategy=[target_only,fine_tune]",
        "protocol.contrast=fine_tune",
    )
    assert list(found.dataset.sources) == ["surrogate_perovskite"]
    assert (found.dataset.n_labelled, found.protocol.draws) == (60, 2)
    assert list(found.strategy) == ["target_only", "fine_tune"]
    assert compose("experiment=li2023_any", "dataset=surrogate").dataset.name == "surrogate"
