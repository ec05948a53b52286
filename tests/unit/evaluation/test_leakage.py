from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cetransfer.datasets.dataset import Dataset
from cetransfer.evaluation.leakage import leakage_audit, require_held_out, seen_by
from cetransfer.evaluation.splits import Member, Split
from cetransfer.features.domain import Domain
from cetransfer.training.proofs import ProofError
from cetransfer.training.source import source_nets


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


def test_a_held_out_element_in_the_source_nets_rows_is_named(settings, tmp_path):
    settings.protocol.members = 1
    source = domain("spinel", ("Ca", "Ti"), ("Mg", "Al"), ("Ba", "Zr"), ("Ca", "K"))
    nets = source_nets(settings, [source], "schema", tmp_path, without=[frozenset({"Ba", "K"})])
    clean, leaking = (dataclasses.replace(SPLIT, held=frozenset({name})) for name in ("Ba", "Al"))
    require_held_out([Member(clean, 0, 0, 0)], nets)
    with pytest.raises(ProofError, match=r"fold 1: Al .* source net 0 .* row 2 \(MgAl\) of toy"):
        require_held_out([Member(leaking, 0, 0, 0)], nets)


def test_nets_that_a_source_net_started_from_are_held_to_the_same(settings, tmp_path):
    settings.protocol.members = 1
    first = domain("spinel", ("Ca", "Ti"), ("Mg", "Al"), ("Ba", "Zr"))
    second = domain("spinel", ("Ca", "Sc"), ("Mg", "V"), ("Sr", "Ti"))
    nets = source_nets(settings, [first, second], "schema", tmp_path)
    seen = seen_by(nets, 0)
    assert [len(rows) for _, rows in seen] == [3, 3]
    leaking = dataclasses.replace(SPLIT, held=frozenset({"Zr"}))
    with pytest.raises(ProofError, match=r"row 3 \(BaZr\)"):
        require_held_out([Member(leaking, 0, 0, 0)], nets)


def test_the_audit_counts_only_what_the_source_nets_of_a_split_saw():
    spinels = domain("spinel", ("Ba", "Zr"), ("Ca", "Ti"), ("K", "Ta"))
    split = dataclasses.replace(SPLIT, held=frozenset({"K"}))
    (found,) = leakage_audit(TARGET, [split], [[(spinels, np.array([0, 1]))]])
    assert (found.source, found.pairs_in_source, found.held) == (2, 1, ["K"])
    assert found.new_to_source == ["K", "Ta"]
