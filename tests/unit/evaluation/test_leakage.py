from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.dataset import Dataset
from cetransfer.evaluation.leakage import leakage_audit
from cetransfer.evaluation.splits import Split
from cetransfer.features.domain import Domain
from cetransfer.training.proofs import ProofError


def domain(prototype, *pairs):
    frame = pd.DataFrame(pairs, columns=["A", "B"]).assign(X="O", formation_energy=-1.0)
    frame.insert(0, "formula", frame["A"] + frame["B"])
    return Domain(Dataset("toy", frame, prototype, {}), (np.zeros((len(pairs), 2), np.float32),))


def audited(sources, split=None, target=None):
    """Return what the audit says of a split whose source nets saw all rows of all sources."""
    seen = [(source, np.arange(len(source))) for source in sources]
    (found,) = leakage_audit(target or TARGET, [split or SPLIT], [seen])
    return found


TARGET = domain("perovskite", ("Ca", "Ti"), ("Sr", "Ti"), ("Ba", "Zr"), ("K", "Ta"))
SPLIT = Split(0, 1, np.array([0, 1]), np.array([2, 3]))


def test_pairs_and_elements_of_scored_rows_are_counted():
    spinels = domain("spinel", ("Ba", "Zr"), ("Ca", "Ti"), ("Mg", "Al"))
    found = audited([spinels])
    assert (found.repeat, found.fold, found.train, found.test) == (0, 1, 2, 2)
    assert (found.pairs_in_source, found.compounds_in_source) == (1, 0)
    assert found.new_to_train == ["Ba", "K", "Ta", "Zr"]
    assert found.new_to_source == ["K", "Ta"]


def test_in_the_targets_own_prototype_a_shared_pair_is_the_same_compound():
    found = audited([domain("perovskite", ("Ba", "Zr"))])
    assert (found.pairs_in_source, found.compounds_in_source) == (1, 1)


def test_a_row_that_is_trained_on_and_scored_fails_the_run():
    leaking = dataclasses.replace(SPLIT, train=np.array([0, 1, 3]))
    with pytest.raises(
        ProofError, match="repeat 0, fold 1: row 4 \\(KTa\\) is trained on and scored"
    ):
        audited([domain("spinel", ("Ba", "Zr"))], leaking)
