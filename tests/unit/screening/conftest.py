"""Fixtures of the screening tests."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from cetransfer.composition import config_dir, to_settings
from cetransfer.settings_screening import SpaceSettings


@pytest.fixture
def space_settings():
    """Call with words such as ``space=spinel`` to get the settings of a space."""

    def composed(*words):
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            found = compose(overrides=["+space=abo3", *words])
        return to_settings(OmegaConf.create(found.space), SpaceSettings)

    return composed
