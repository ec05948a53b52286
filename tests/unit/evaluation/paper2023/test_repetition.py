from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace

import jsonschema
import numpy as np
import pandas as pd
import pytest

from cetransfer.evaluation.documents import schema_of
from cetransfer.evaluation.paper2023.files import stage_repetition
from cetransfer.evaluation.paper2023.recipe import PAPER
from cetransfer.evaluation.paper2023.repetition import (
    differences,
    repeat,
    repetition_key,
    score_table,
    train,
)

HIDDEN = [16, 8]
LIMIT = 120.0


@pytest.fixture(scope="module")
def found(compose, domains, recipe, tmp_path_factory):
    root = tmp_path_factory.mktemp("repetition")
    settings = compose("protocol=paper2023")
    settings.network.hidden = HIDDEN
    return repeat(settings, *domains, root, root / "state", recipe)


def test_the_arms_are_the_published_ones():
    epochs = {arm.name: (arm.epochs, arm.learning_rate, arm.penalised) for arm in PAPER.own}
    assert epochs == {
        "source": (300, 1e-3, 1),
        "target_only": (300, 1e-3, 1),
        "transfer": (500, 5e-4, 5),
    }
    assert [arm.folds for arm in PAPER.own] == [8, 10, 10]
    for leaking, free in zip(PAPER.own, PAPER.leak_free.own, strict=True):
        assert free == replace(leaking, leaks=False, folds=free.folds)


def test_each_sequence_is_of_arms_that_need_each_other_and_none_is_missing():
    assert {arm for arms in PAPER.sequences for arm in arms} == set(PAPER.arms)
    for arms in PAPER.sequences:
        names = [arm.name for arm in arms]
        assert "transfer" not in names or names[0] == "source"


def test_published_repeated_and_leak_free_errors_stand_side_by_side(found):
    document = found.document
    jsonschema.validate(document, schema_of("paper2023"))
    assert document["published"] == {"target_only": 0.132, "transfer": 0.106}
    for procedure in ("repeated", "leak_free"):
        for arm in ("target_only", "transfer"):
            own = found.folds[(found.folds["procedure"] == procedure) & (found.folds["arm"] == arm)]
            assert len(own) == 10
            assert document[procedure][arm]["last"] == pytest.approx(own["last"].mean())
            assert document[procedure][arm]["hold_out"] == pytest.approx(own["hold_out"].mean())
    assert document["leak_free"]["transfer"]["best"] is None
    assert document["delta"]["leak_free"] == pytest.approx(
        document["leak_free"]["transfer"]["last"] - document["leak_free"]["target_only"]["last"]
    )
    assert document["delta"]["published"] == -0.026
    assert set(document["data_hashes"]) == {"toy_source.parquet", "toy_target.parquet"}


def test_the_leak_free_difference_is_tested_fold_by_fold():
    rows = [
        {"procedure": procedure, "arm": arm, "fold": fold, "last": 0.2 + add * (fold + 1)}
        for procedure, add_transfer in (("repeated", 0.02), ("leak_free", -0.01))
        for arm, add in (("target_only", 0.0), ("transfer", add_transfer))
        for fold in range(10)
    ]
    found = differences(pd.DataFrame(rows))
    assert found["repeated"] == pytest.approx(0.11)
    assert found["leak_free"] == pytest.approx(-0.055)
    # s = 0.01 sqrt(110 / 12); SE = sqrt(1/10 + 1/9) s; t(0.975, 9) = 2.262157
    half = 2.262157 * np.sqrt(1 / 10 + 1 / 9) * 0.01 * np.sqrt(110 / 12)
    assert found["low"] == pytest.approx(-0.055 - half, rel=1e-5)
    assert found["high"] == pytest.approx(-0.055 + half, rel=1e-5)
    assert 0 < found["p"] < 0.05


def test_the_files_open_again(found, tmp_path):
    staged = stage_repetition(found, tmp_path / "staged")
    assert {path.name for path in staged.iterdir()} == {"paper2023.json", "paper2023.csv"}
    table = pd.read_csv(staged / "paper2023.csv")
    pd.testing.assert_frame_equal(table, found.folds)
    assert not table.duplicated(["procedure", "arm", "fold"]).any()


def test_the_key_changes_with_seed_and_recipe(compose, domains, recipe):
    settings = compose("protocol=paper2023")
    key = repetition_key(settings, *domains, recipe)
    assert repetition_key(compose("protocol=paper2023", "quiet=true"), *domains, recipe) == key
    assert repetition_key(compose("protocol=paper2023", "seed=1"), *domains, recipe) != key
    assert repetition_key(settings, *domains, PAPER) != key


RUN = """
import pickle, sys
from pathlib import Path
from cetransfer.evaluation.paper2023.repetition import train
if __name__ == "__main__":
    recipe, domains, hidden, folder = pickle.loads(Path(sys.argv[1]).read_bytes())
    train(recipe, *domains, hidden, folder, 0)
"""


@pytest.mark.slow
def test_after_a_kill_the_run_goes_on_to_the_same_numbers(domains, recipe, tmp_path):
    longer = replace(recipe, target_only=replace(recipe.target_only, epochs=30))
    train(longer, *domains, HIDDEN, tmp_path / "whole", 0)

    state = tmp_path / "state"
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "what").write_bytes(pickle.dumps((longer, domains, HIDDEN, state)))
    process = subprocess.Popen(
        [sys.executable, tmp_path / "run.py", tmp_path / "what"],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
    )
    end = time.monotonic() + LIMIT
    while not list(state.glob("**/target_only/3.json")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    # its workers end by themselves
    time.sleep(1.5)
    files = {path: path.stat().st_mtime_ns for path in state.rglob("*.json")}
    assert 0 < len(files) < len(list((tmp_path / "whole").rglob("*.json")))

    train(longer, *domains, HIDDEN, state, 0)
    pd.testing.assert_frame_equal(
        score_table(longer, state), score_table(longer, tmp_path / "whole"), check_exact=True
    )
    assert all(path.stat().st_mtime_ns == written for path, written in files.items())
