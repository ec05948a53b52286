from __future__ import annotations

from dataclasses import replace

import pytest

from cetransfer.errors import UserError
from cetransfer.features.schema import feature_schema
from cetransfer.settings import FeatureSettings

SETTINGS = FeatureSettings("ab_ab", 2, 1.0, 0.01, "li2023")


def test_the_schema_names_every_column():
    schema = feature_schema(SETTINGS)
    assert schema.width == 112
    assert schema.columns[0] == "A:p1"
    assert schema.columns[-1] == "B:p56"


def test_equal_settings_give_equal_digests():
    assert feature_schema(SETTINGS).digest == feature_schema(replace(SETTINGS)).digest
    # 1 and 1.0 mean the same exponent
    assert feature_schema(replace(SETTINGS, exponent=1)).digest == feature_schema(SETTINGS).digest


@pytest.mark.parametrize(
    "change",
    [{"variant": "ab"}, {"shells": 1}, {"exponent": 2.0}, {"tolerance": 0.1}, {"table": "open"}],
)
def test_any_other_setting_changes_the_digest(change):
    assert feature_schema(replace(SETTINGS, **change)).digest != feature_schema(SETTINGS).digest


def test_the_digest_is_pinned():
    """A change here makes stored models refuse their features: change it only on purpose."""
    assert feature_schema(SETTINGS).digest.startswith("7523d210fe621460")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shells": 0}, r"features\.shells=0"),
        ({"tolerance": 0.0}, r"features\.tolerance=0\.0"),
        ({"exponent": float("nan")}, r"features\.exponent=nan"),
        ({"variant": "abc"}, r"features\.variant=abc"),
        ({"table": "x"}, r"features\.table=x"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(UserError, match=message):
        feature_schema(replace(SETTINGS, **change))
