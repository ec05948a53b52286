"""A workshop with made-up data, whose trials train in a fraction of a second."""

from __future__ import annotations

import pytest

from cetransfer.sweeps import workshop as where
from cetransfer.sweeps.workshop import Workshop

TINY = (
    "sweep=small",
    "sweep.trials=6",
    "sweep.batch=3",
    "sweep.inner_folds=3",
    "sweep.rungs=[1,3]",
    "sweep.outer_folds=2",
    "network.hidden=[8,4]",
    "protocol.members=2",
    "training.epochs=4",
    "training.batch_size=8",
    "training.source.epochs=4",
    "training.source.batch_size=16",
    "dataset.n_labelled=36",
)


@pytest.fixture
def make_workshop(make_domain, monkeypatch, tmp_path):
    """Call with overrides to get a workshop with 60 source rows and 40 target rows."""
    source, target = make_domain("toy_source", 60, 1), make_domain("toy_target", 40, 2)
    monkeypatch.setattr(where, "load_domains", lambda *_: ((source,), target))
    return lambda *words: Workshop([*TINY, *words], tmp_path)
