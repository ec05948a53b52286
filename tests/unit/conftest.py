"""Fixtures of the unit tests: settings, a small problem that can be learnt, a small comparison."""

from __future__ import annotations

import copy
import importlib.util
import sys
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from cetransfer import progress
from cetransfer.composition import compose_all
from cetransfer.datasets.dataset import Dataset
from cetransfer.evaluation.baselines import BASELINES
from cetransfer.evaluation.case import Case
from cetransfer.evaluation.comparison import compare
from cetransfer.evaluation.protocol import make_protocol
from cetransfer.evaluation.splits import make_members
from cetransfer.features.domain import Domain
from cetransfer.features.schema import feature_schema
from cetransfer.settings import source_net_count

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

ELEMENTS = ("Li", "Be", "Na", "Mg", "Al", "Si", "K", "Ca", "Sc", "Ti", "V", "Cr")

TINY = (
    "network.hidden=[8,4]",
    "protocol.folds=3",
    "protocol.members=2",
    "training.epochs=4",
    "training.batch_size=8",
    "training.source.epochs=4",
    "training.source.batch_size=16",
    "dataset.n_labelled=30",
)


@cache
def _composed(overrides, config):
    (settings,) = compose_all("cetransfer compare", config, list(overrides))
    return settings


@pytest.fixture(scope="session")
def compose():
    """Call with overrides to get the checked settings that the command line would get."""

    def settings_of(*overrides, config="config"):
        return copy.deepcopy(_composed(overrides, config))

    return settings_of


@pytest.fixture
def settings(compose):
    """Settings that train in a fraction of a second; yours to change."""
    return compose(*TINY)


@pytest.fixture(autouse=True)
def talkative():
    """Undo what a test did to the progress output."""
    yield
    progress.set_quiet(quiet=False)


def learnable(n_rows, n_features=6, seed=0):
    """Return features (n, d) and labels (n,) that follow from them by a smooth function."""
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(n_rows, n_features)).astype(np.float32)
    labels = np.tanh(features[:, 0]) + 0.5 * features[:, 1] * features[:, 2] - 2.0
    return features, labels.astype(np.float64)


@pytest.fixture(scope="session")
def problem():
    """Call with a number of rows to get features and labels."""
    return learnable


def domain_of(name, n_rows, seed):
    """Return a domain of real elements and made-up, learnable energies."""
    pairs = [(a, b) for a in ELEMENTS for b in ELEMENTS][:n_rows]
    features, labels = learnable(n_rows, seed=seed)
    frame = pd.DataFrame(pairs, columns=["A", "B"])
    frame.insert(0, "formula", frame["A"] + frame["B"] + "O3")
    frame["X"] = "O"
    frame["formation_energy"] = labels
    return Domain(Dataset(name, frame, "perovskite", {f"{name}.parquet": "0" * 64}), (features,))


@pytest.fixture(scope="session")
def make_domain():
    """Call with a name, a number of rows and a seed to get a small domain."""
    return domain_of


def case_of(settings):
    """Return a case of 60 source rows and 40 target rows, 30 of them labelled by the settings."""
    source, target = domain_of("toy_source", 60, 1), domain_of("toy_target", 40, 2)
    layout = make_protocol(settings).layout(target.data, settings)
    return Case(
        (source,),
        target,
        feature_schema(settings.features),
        layout,
        make_members(layout.splits, settings.protocol.members, source_net_count(settings)),
        {**source.data.hashes, **target.data.hashes},
    )


@pytest.fixture(scope="session")
def make_case():
    """Call with settings to get a small case."""
    return case_of


@pytest.fixture
def mean_only():
    """Leave out the baselines that take time to fit."""
    with patch.dict(BASELINES, {"mean": BASELINES["mean"]}, clear=True):
        yield


@pytest.fixture(scope="session")
def finished(compose, tmp_path_factory):
    """Return a finished small comparison with all strategies."""
    root = tmp_path_factory.mktemp("finished")
    settings = compose(*TINY)
    return compare(settings, case_of(settings), root, root / "partial")


@pytest.fixture(scope="module")
def load_benchmark():
    """Call with the name of a benchmark to import it."""
    loaded = []

    def load_one(name):
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        # dataclasses, and other benchmarks, look their module up
        sys.modules[spec.name] = module
        loaded.append(name)
        spec.loader.exec_module(module)
        return module

    yield load_one
    for name in loaded:
        del sys.modules[name]
