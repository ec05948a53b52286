from __future__ import annotations

import pandas as pd
import pytest

from cetransfer.evaluation.paper2023.repetition import Repetition
from cetransfer.reporting.paper2023 import sentence, show_repetition


@pytest.fixture
def document():
    def errors(last, best, hold_out):
        return {"last": last, "best": best, "hold_out": hold_out}

    return {
        "unit": "eV/atom",
        "published": {"target_only": 0.132, "transfer": 0.106},
        "repeated": {
            "target_only": errors(0.0901, 0.0802, 0.1303),
            "transfer": errors(0.1104, 0.1005, 0.1206),
        },
        "leak_free": {
            "target_only": errors(0.1407, None, 0.1408),
            "transfer": errors(0.1309, None, 0.131),
        },
        "delta": {
            "published": -0.026,
            "repeated": 0.0203,
            "leak_free": -0.0098,
            "low": -0.02,
            "high": 0.001,
            "p": 0.07,
        },
    }


def test_the_three_numbers_of_each_arm_stand_in_one_line(document, capsys):
    show_repetition(Repetition(document, pd.DataFrame()))
    printed = capsys.readouterr().out
    lines = {line.strip().split("  ")[0]: line.split() for line in printed.splitlines() if line}
    assert lines["target only"][2:] == ["0.132", "0.0901", "0.1407", "0.0802", "0.1303", "0.1408"]
    assert lines["transfer"][1:] == ["0.106", "0.1104", "0.1309", "0.1005", "0.1206", "0.1310"]
    assert lines["difference"][1:] == ["-0.026", "+0.0203", "-0.0098"]


def test_a_sentence_says_what_is_left_without_the_leaks(document):
    found = sentence(document)
    assert "+0.0203 eV/atom as published and by -0.0098 without the leaks" in found
    assert "(95 %: -0.0200 to +0.0010" in found
    assert "p = 0.0700)" in found
    document["delta"]["p"] = 1e-6
    assert "p < 0.0001)" in sentence(document)
